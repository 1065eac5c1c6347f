// What `require` and `import()` give a script.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Worker, action } from './worker.mjs';

const executes = body => `exports.onExecutePostLogin = async (event, api) => {\n${body}\n};`;
const bundle = `module.exports = { ms: () => text => text + ' milliseconds', '@acme/tool': () => ({ version: 2, fetches: require('https').get.name, hash: require('crypto').createHash('md5').update('a').digest('hex') }),
  'actions:greeting': () => ({ greet: name => 'hello ' + name }), lodash: () => 'mine' };`;

describe('a script', () => {
  let worker;
  before(async () => {
    worker = new Worker();
    await worker.ready;
  });
  after(() => worker.stop());

  const run = async (body, modules) => {
    const call = action(executes(body));
    call.scripts[0].modules = modules;
    const { results, console: lines } = await worker.run(call);
    return results[0].error ?? lines.map(line => line.text).join('\n');
  };

  for (const name of ['crypto', 'node:util', 'fs/promises', 'buffer', 'url', 'stream', 'zlib', 'timers/promises']) {
    it(`may require ${name}`, async () => assert.match(await run(`console.log(typeof require('${name}'));`), /^(object|function)$/));
  }
  for (const name of [
    'child_process',
    'node:child_process',
    'worker_threads',
    'cluster',
    'inspector',
    'dgram',
    'repl',
    'module',
    'node:sqlite',
    'node:test',
    'vm/other',
  ]) {
    it(`may not require ${name}`, async () => {
      const error = await run(`require('${name}');`);
      assert.match(error.message, name === 'vm/other' ? /Cannot find module/ : /is not available to scripts$/);
    });
  }
  it('does not get them by process.getBuiltinModule either', async () => {
    assert.equal(
      await run('console.log(process.getBuiltinModule("child_process"), typeof process.getBuiltinModule("fs"));'),
      'undefined object',
    );
  });
  it('may not end, steer or leave the process', async () => {
    for (const call of ['exit()', 'kill(1)', 'chdir("/")', 'binding("fs")', 'setuid(0)']) {
      assert.match((await run(`process.${call};`)).message, /^process\.\w+\(\) is not available to scripts$/);
    }
  });

  const fixed = [
    'async',
    'auth0',
    'axios',
    'jsonwebtoken',
    'jwks-rsa',
    'lodash',
    'moment',
    'mongodb',
    'mysql',
    'mysql2',
    'pg',
    'request',
    'request-promise',
    'uuid',
    'xml2js',
    'bcrypt',
  ];
  for (const name of fixed) {
    it(`may require ${name} without declaring it`, async () =>
      assert.match(await run(`console.log(typeof require('${name}'));`), /^(object|function)$/));
  }
  it('may name a version of the fixed list, and gets the pinned one of that major number or the next', async () => {
    const version = (name, pkg = name.replace(/@\d.*/, '')) =>
      run(`require('${name}'); console.log(require('${name}/package.json').version);`);
    assert.match(await version('lodash@4.17.10'), /^4\./);
    assert.match(await version('lodash@2.4.1'), /^4\./);
    assert.match(await version('mongodb@3.1.4'), /^3\./);
    assert.match(await version('mongodb@5.0.0'), /^6\./);
    assert.match((await run('require("lodash@9");')).message, /Cannot find module 'lodash@9': there is lodash@4/);
  });
  it('may require a part of a module of the fixed list', async () =>
    assert.equal(await run('console.log(require("lodash/fp").add(1)(2));'), '3'));
  it('is told that another module has to be declared', async () => {
    const error = await run('require("left-pad");');
    assert.deepEqual(
      [error.members.code, error.message],
      ['MODULE_NOT_FOUND', "Cannot find module 'left-pad': a module has to be declared as a dependency"],
    );
    for (const path of ['./file', '../x', '/etc/passwd', '', 7])
      assert.equal((await run(`require(${JSON.stringify(path)});`)).kind, 'thrown');
  });
  it('requires what it declared from its bundle, which comes before the fixed list', async () => {
    assert.equal(
      await run(
        `console.log(require('ms')(5), require('@acme/tool').version, require('actions:greeting').greet('Ann'), require('lodash'), require('ms@2.1.3')(1));`,
        bundle,
      ),
      '5 milliseconds 2 hello Ann mine 1 milliseconds',
    );
    assert.match((await run('require("ms/lib");', bundle)).message, /of 'ms' only the module itself is bundled/);
  });
  it('may import() the same', async () => {
    assert.equal(
      await run(
        `const { greet } = await import('actions:greeting'); const { createHash } = await import('node:crypto'); const tool = (await import('@acme/tool')).default;
      console.log(greet('Bob'), typeof createHash, tool.version);`,
        bundle,
      ),
      'hello Bob function 2',
    );
    assert.match((await run('await import("child_process");')).message, /not available/);
  });
  it('has fetch, URL, Buffer and the other globals of Node.js', async () => {
    assert.equal(
      await run(
        'console.log([fetch, URL, Buffer, setTimeout, structuredClone, AbortController, TextEncoder, crypto.subtle.digest].map(x => typeof x).join());',
      ),
      Array(8).fill('function').join(),
    );
  });
});
