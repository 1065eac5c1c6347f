// A throw-away PostgreSQL server of one test process, or of a whole run (run.mjs): files in a temporary directory, a
// free port, nothing durable; each server under test gets a database of its own. The helper process (postgres.sh) watches
// its standard input, so the server ends with who started it however that ends. A cluster of one's own (`startCluster`)
// can have a streaming standby, lose its primary and promote the standby.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const helper = path.join(path.dirname(fileURLToPath(import.meta.url)), 'postgres.sh');

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Commands are lines to the helper, each answered by a line.
class Cluster {
  #child; #answers = []; #waiting = []; #count = 0;

  // `durable`: a commit is on the disk when it is acknowledged, as in production.
  async start({ durable = false } = {}) {
    this.port = await freePort();
    this.#child = spawn(helper, [String(this.port), ...(durable ? ['durable'] : [])], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    this.#child.stdout.on('data', data => {
      text += data;
      for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) this.#answered(text.slice(0, end));
    });
    this.#child.once('exit', code => this.#answered(`failed: the helper ended with ${code}`));
    process.once('exit', () => this.#child.stdin.destroy());
    // Neither the helper nor its pipes keep the test process alive.
    this.#child.unref();
    this.#child.stdin.unref?.();
    this.#child.stdout.unref?.();
    await this.#answer();
    return this;
  }
  #answered(line) { const next = this.#waiting.shift(); if (next) next(line); else this.#answers.push(line); }
  async #answer() {
    this.#child.stdout.ref?.();
    const line = this.#answers.shift() ?? await new Promise(resolve => this.#waiting.push(resolve));
    this.#child.stdout.unref?.();
    if (line !== 'ok') throw new Error(`PostgreSQL for the tests: ${line}`);
  }

  async #command(words) {
    this.#child.stdin.write(`${words}\n`);
    await this.#answer();
  }

  // The URL of a new, empty database; with a standby it names both servers.
  async database() {
    const name = `d${++this.#count}`;
    await this.#command(`create ${name}`);
    return this.url(name);
  }
  url(name) {
    const hosts = [this.port, this.standbyPort].filter(Boolean).map(port => `127.0.0.1:${port}`);
    return `postgres://durward@${hosts.join(',')}/${name}`;
  }
  // A streaming standby; `sync`: a commit is acknowledged when the standby has it too.
  async standby({ sync = false } = {}) {
    const port = await freePort();
    await this.#command(`standby ${port}${sync ? ' sync' : ''}`);
    this.standbyPort = port;
    return port;
  }
  kill() { return this.#command('kill'); } // SIGKILL to the primary
  pause() { return this.#command('pause'); }
  resume() { return this.#command('resume'); }
  promote() { return this.#command('promote'); } // resolves when the standby takes writes
  stop() {
    const gone = new Promise(resolve => this.#child.once('exit', resolve));
    this.#child.ref();
    this.#child.stdin.end();
    return gone;
  }
}

export const startCluster = options => new Cluster().start(options);

// The files of a run find its server by this variable.
const shared = 'DURWARD_TEST_POSTGRES_PORT';
export async function shareCluster() { process.env[shared] = String((await startCluster()).port); }

async function databaseOf(port) {
  const name = `d${randomBytes(8).toString('hex')}`;
  await promisify(execFile)('createdb', ['-h', '127.0.0.1', '-p', port, '-U', 'durward', name]);
  return `postgres://durward@127.0.0.1:${port}/${name}`;
}

let cluster;
// The URL of a new, empty database. `durable` is what the first call of the process says.
export async function newDatabase({ durable = false } = {}) {
  if (process.env[shared]) return databaseOf(process.env[shared]);
  cluster ??= startCluster({ durable });
  return (await cluster).database();
}
