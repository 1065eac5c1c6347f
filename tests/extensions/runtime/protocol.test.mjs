// The worker's side of engine/README.md: frames, runs under way at once, what is bounded, and how a worker ends.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker, action, engine } from './worker.mjs';

const only = outcome => outcome.results[0];
const executes = body => `exports.onExecutePostLogin = async (event, api) => {\n${body}\n};`;

describe('a worker', () => {
  let worker;
  before(async () => {
    worker = new Worker();
    await worker.ready;
  });
  after(() => worker.stop());

  it('says that it is ready, with the version of the protocol', async () => {
    assert.deepEqual(worker.frames[0], { type: 'ready', protocol: 1, node: '24.21.0' });
  });

  it('remembers a loaded script by its digest and keeps what its top level made', async () => {
    worker.send({
      type: 'load',
      digest: 'counts',
      contract: 'action',
      name: 'counts',
      code: `let calls = 0; ${executes('console.log(++calls, event.secrets.KEY);')}`,
    });
    const call = { ...action(''), scripts: [{ digest: 'counts', id: 'act_c', name: 'counts', secrets: { KEY: 'one' } }] };
    assert.equal((await worker.run(call)).console[0].text, '1 one');
    call.scripts[0].secrets.KEY = 'two';
    assert.equal((await worker.run(call)).console[0].text, '2 two');
  });

  it('remembers no script that came without a digest', async () => {
    const call = action(`let calls = 0; ${executes('console.log(++calls);')}`);
    assert.equal((await worker.run(call)).console[0].text, '1');
    assert.equal((await worker.run(call)).console[0].text, '1');
  });

  it('says that a script was not loaded', async () => {
    const { error } = only(await worker.run({ ...action(''), scripts: [{ digest: 'unknown', id: 'a', name: 'a' }] }));
    assert.equal(error.kind, 'invalid');
    assert.match(error.message, /not loaded/);
  });

  it('keeps apart what runs say that are under way at once', async () => {
    const code = executes(`
      console.log('first', event.n);
      await new Promise(resolve => setTimeout(resolve, event.n));
      await Promise.resolve();
      require('console').log('second', event.n);
      api.accessToken.setCustomClaim('n', event.n);`);
    const outcomes = await Promise.all([20, 10, 5].map(n => worker.run(action(code, { input: { event: { n } } }))));
    for (const [i, n] of [20, 10, 5].entries()) {
      assert.deepEqual(
        outcomes[i].console.map(line => line.text),
        [`first ${n}`, `second ${n}`],
      );
      assert.deepEqual(only(outcomes[i]).commands, [{ name: 'accessToken.setCustomClaim', args: ['n', n] }]);
    }
  });

  it('names script, level and time of a console line', async () => {
    const { console: lines } = await worker.run(
      action([
        executes('console.info("a");'),
        executes(
          'console.error("%s is %d", "b", 1); console.debug({ c: [1] }); console.table([]); console.warn(new Error("x").message); console.log();',
        ),
      ]),
    );
    assert.deepEqual(
      lines.map(l => [l.script, l.level, l.text]),
      [
        [0, 'info', 'a'],
        [1, 'error', 'b is 1'],
        [1, 'debug', '{ c: [ 1 ] }'],
        [1, 'log', lines[3].text],
        [1, 'warn', 'x'],
        [1, 'log', ''],
      ],
    );
    assert.ok(Number.isInteger(lines[0].at));
  });

  it('takes what is written to standard output and error as lines', async () => {
    const code = executes(
      'process.stdout.write("out\\n"); process.stderr.write(Buffer.from("err")); console.group("g"); console.count("c");',
    );
    const { console: lines } = await worker.run(action(code));
    assert.deepEqual(
      lines.map(line => [line.level, line.text]),
      [
        ['log', 'out'],
        ['error', 'err'],
        ['log', 'g'],
        ['log', 'c: 1'],
      ],
    );
  });

  it('lets a line out before a loop that never ends', async () => {
    const stuck = new Worker();
    await stuck.ready;
    const run = stuck.run(action(executes('console.log("before"); for (;;);')));
    assert.equal((await stuck.next('console')).text, 'before');
    stuck.child.kill('SIGKILL');
    await assert.rejects(run, /SIGKILL/);
  });

  it('cuts long lines and drops the rest of a script that says too much', async () => {
    const long = await worker.run(action(executes('console.log("x".repeat(100000));')));
    assert.equal(long.console[0].text.length, 16384);
    const many = await worker.run(action(executes('for (let i = 0; i < 5000; ++i) console.log(i);')));
    assert.equal(many.console.length, 1001);
    assert.deepEqual([many.console.at(-1).level, many.console.at(-1).text], ['warn', 'the script says too much; the rest is dropped']);
  });

  it('bounds what a script asks for', async () => {
    const many = only(await worker.run(action(executes('for (let i = 0; i < 201; ++i) api.accessToken.addScope("a");'))));
    assert.match(many.error.message, /at most 200 methods/);
    const large = only(await worker.run(action(executes('api.accessToken.setCustomClaim("a", "x".repeat(200000));'))));
    assert.match(large.error.message, /more than 131072 characters/);
  });

  it('bounds all that a script asks for together', async () => {
    const { error } = only(
      await worker.run(action(executes('for (let i = 0; i < 10; ++i) api.accessToken.setCustomClaim("a" + i, "x".repeat(120000));'))),
    );
    assert.equal(error.message, 'a script asked for more changes than fit');
  });

  it('says that there is no such contract or trigger', async () => {
    const invalid = async more => only(await worker.run({ ...action(executes('')), ...more })).error;
    assert.deepEqual(
      [(await invalid({ contract: 'cron' })).message, (await invalid({ contract: 'cron' })).kind],
      ['there is no contract cron', 'invalid'],
    );
    assert.equal((await invalid({ trigger: 'pre-login' })).message, 'there is no trigger pre-login');
  });

  it('bounds what a script gives back', async () => {
    const code = 'function (user, context, callback) { user.x = "x".repeat(2e6); callback(null, user, context); }';
    const { results, output } = await worker.run({
      contract: 'rule',
      trigger: 'rule',
      scripts: [{ code, id: 'r', name: 'r' }],
      input: { user: {}, context: {} },
    });
    assert.equal(results[0].error.kind, 'output');
    assert.deepEqual(output, {});
  });

  it('bounds how deep things are nested that a script gives', async () => {
    const deep = 'const deep = n => n === 0 ? "[{" : { d: [deep(n - 1)] };';
    assert.equal(only(await worker.run(action(executes(`${deep} api.accessToken.setCustomClaim("a", deep(31));`)))).error, undefined);
    assert.equal(
      only(await worker.run(action(executes(`${deep} api.accessToken.setCustomClaim("a", deep(32));`)))).error.message,
      'api.accessToken.setCustomClaim: nested more than 64 deep',
    );
    assert.deepEqual(
      only(await worker.run(action(executes(`${deep} throw Object.assign(new Error("m"), { deep: deep(40), flat: 1 });`)))).error.members,
      { flat: 1 },
    );
    const code = `function (user, context, callback) { ${deep} user.deep = deep(40); callback(null, user, context); }`;
    assert.equal(
      only(
        await worker.run({ contract: 'rule', trigger: 'rule', scripts: [{ code, id: 'r', name: 'r' }], input: { user: {}, context: {} } }),
      ).error.kind,
      'output',
    );
  });

  it('sends no half of a surrogate pair', async () => {
    const { results, console: lines } = await worker.run(
      action(
        executes(
          'console.log("a\\ud83d"); console.log("\\\\ud83d \\u{1f600}"); api.accessToken.setCustomClaim("\\udc00", ["\\ud83d"]); throw new Error("\\ud83d");',
        ),
      ),
    );
    assert.deepEqual(
      lines.map(line => line.text),
      ['a\ufffd', '\\ud83d \u{1f600}'],
    );
    assert.deepEqual(results[0].commands[0].args, ['\ufffd', ['\ufffd']]);
    assert.equal(results[0].error.message, '\ufffd');
    const cut = await worker.run(action(executes('console.log("x".repeat(16382) + "\\u{1f600}" + "y");')));
    assert.equal(cut.console[0].text.at(-2), '\ufffd');
  });

  it('fails a script whose answer JSON cannot hold', async () => {
    const code = 'function (user, context, callback) { user.self = user; callback(null, user, context); }';
    const { results } = await worker.run({
      contract: 'rule',
      trigger: 'rule',
      scripts: [{ code, id: 'r', name: 'r' }],
      input: { user: {}, context: {} },
    });
    assert.match(results[0].error.message, /circular/);
  });

  it('gives an error nobody caught to the script it came from', async () => {
    const slow = worker.run(action(executes('await new Promise(resolve => setTimeout(resolve, 30)); api.accessToken.addScope("a");')));
    const throws = worker.run(action(executes('setTimeout(() => { throw new RangeError("late"); }, 1); await new Promise(() => {});')));
    const rejects = worker.run(action(executes('Promise.reject(new Error("floating")); await new Promise(() => {});')));
    assert.deepEqual([only(await throws).error.name, only(await throws).error.message], ['RangeError', 'late']);
    assert.equal(only(await rejects).error.message, 'floating');
    assert.equal(only(await slow).error, undefined);
  });

  it('gives what the callback of a pooled connection says and throws to the run under way', async () => {
    // The pool calls back where it was made: in a run that is over.
    await worker.run(action(executes('global.jobs = []; global.pool = setInterval(() => jobs.shift()?.(), 1); console.log("made");')));
    const { results, console: lines } = await worker.run(
      action(executes('jobs.push(() => { console.log("pooled"); throw new Error("in the callback"); }); await new Promise(() => {});')),
    );
    assert.equal(lines[0].text, 'pooled');
    assert.equal(results[0].error.message, 'in the callback');
    await worker.run(action(executes('clearInterval(pool);')));
  });

  it('fails no run for a promise that an earlier one left behind', async () => {
    await worker.run(action(executes('setTimeout(() => Promise.reject(new Error("left behind")), 5);')));
    assert.equal(only(await worker.run(action(executes('await new Promise(resolve => setTimeout(resolve, 20));')))).error, undefined);
  });

  it('fails all runs for an error of unknown origin', () => {
    const runs = createRequire(import.meta.url)(path.join(engine, 'runtime/run.js'));
    const sent = [];
    for (const id of [1, 2])
      runs.start(
        { id, scripts: [{}] },
        { start() {}, output: () => ({}) },
        { restoreBuiltins() {}, send: (...texts) => sent.push(...texts.map(JSON.parse)) },
      );
    runs.failUncaught(new Error('from nowhere'));
    assert.deepEqual(
      sent.map(frame => [frame.type, frame.id, frame.result?.error.message]),
      [
        ['result', 1, 'from nowhere'],
        ['done', 1, undefined],
        ['result', 2, 'from nowhere'],
        ['done', 2, undefined],
      ],
    );
  });

  it('knows the run of a callback of bcrypt', async () => {
    const hashes = n =>
      worker.run(
        action(
          executes(`await new Promise(resolve => require('bcrypt').hash('x', 4, () => { console.log('hashed', ${n}); resolve(); }));`),
        ),
      );
    const outcomes = await Promise.all([1, 2, 3].map(hashes));
    assert.deepEqual(
      outcomes.map(outcome => outcome.console[0].text),
      ['hashed 1', 'hashed 2', 'hashed 3'],
    );
  });

  it('describes whatever was thrown', async () => {
    const thrown = async expression => only(await worker.run(action(executes(`throw ${expression};`)))).error;
    assert.deepEqual(await thrown('"text"'), { kind: 'thrown', name: 'Error', message: 'text', stack: '', members: {} });
    assert.equal((await thrown('null')).message, 'null');
    assert.equal((await thrown('{ a: 1 }')).message, '{ a: 1 }');
    assert.deepEqual((await thrown('Object.assign(new TypeError("m"), { status: 403, f() {}, deep: { x: 1 } })')).members, {
      status: 403,
      deep: { x: 1 },
    });
    assert.equal((await thrown('new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })')).kind, 'thrown');
    assert.doesNotMatch((await thrown('new Error("m")')).stack, /runtime|node:internal/);
  });

  it('ends a run that is cancelled and lives on', async () => {
    const run = worker.run(action(executes('console.log("waits"); await new Promise(() => {});')));
    await worker.next('console');
    worker.send({ type: 'cancel', id: run.id });
    assert.deepEqual([only(await run).error.kind, only(await run).error.message], ['timeout', 'the script did not end in time']);
    worker.send({ type: 'cancel', id: run.id });
    assert.equal(only(await worker.run(action(executes('')))).error, undefined);
  });

  it('refuses calls of an api whose Action has ended', async () => {
    const { console: lines } = await worker.run(
      action([
        executes('global.kept = api;'),
        executes('try { kept.accessToken.addScope("a"); } catch (error) { console.log(error.message); }'),
      ]),
    );
    assert.equal(lines[0].text, 'api.accessToken.addScope: the Action has ended');
  });

  it('ignores frames it does not know', async () => {
    worker.send({ type: 'dance' });
    worker.send({ type: 'reply', call: 4711, result: {} });
    assert.equal(only(await worker.run(action(executes('')))).error, undefined);
  });

  it('keeps global between runs', async () => {
    await worker.run(action(executes('global.seen = "before";')));
    assert.equal((await worker.run(action(executes('console.log(global.seen);')))).console[0].text, 'before');
  });

  it('takes frames of up to four mebibytes', async () => {
    const { console: lines } = await worker.run(
      action(executes('console.log(event.text.length);'), { input: { event: { text: 'x'.repeat(3_900_000) } } }),
    );
    assert.equal(lines[0].text, '3900000');
  });
});

describe('the end of a worker', () => {
  it('comes with the other side closing', async () => {
    const worker = new Worker();
    await worker.ready;
    assert.equal(await worker.stop(), 0);
  });

  for (const [what, bytes] of [
    ['a frame that is too long', Buffer.from([0, 64, 0, 1])],
    ['a frame that is not JSON', Buffer.from([0, 0, 0, 1, 123])],
  ]) {
    it(`comes with ${what}`, async () => {
      const worker = new Worker();
      await worker.ready;
      worker.channel.write(bytes);
      assert.equal(await worker.exited, 70);
    });
  }
});
