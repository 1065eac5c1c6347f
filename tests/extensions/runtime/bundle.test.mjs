// engine/build/bundle.mjs: npm modules of a script made into one text, against the registry that npm is set up for.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker, action, engine, node } from './worker.mjs';

const program = path.join(engine, 'build/bundle.mjs');

describe('a bundle', () => {
  let folder, reached;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'durward-bundle-'));
    reached =
      spawnSync(node, [path.join(engine, 'node_modules/npm/bin/npm-cli.js'), 'view', 'ms@2.1.3', 'version'], {
        encoding: 'utf8',
      }).stdout.trim() === '2.1.3';
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  let made = 0;
  const bundle = (modules, env) =>
    spawnSync(node, [program, path.join(folder, `${++made}`)], {
      input: JSON.stringify(modules),
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
  const refusal = (modules, env) => {
    const { status, stderr, stdout } = bundle(modules, env);
    assert.equal(stdout, '');
    return [status, stderr.trim()];
  };

  it('holds the declared modules and runs in a worker', async t => {
    if (!reached) return t.skip('no registry');
    const { status, stdout, stderr } = bundle([
      { name: 'ms', version: '2.1.3' },
      { name: 'nanoid', version: '5.1.5' },
      { name: 'actions:time', code: 'const ms = require("ms"); exports.minute = ms("1m");' },
    ]);
    assert.equal(status, 0, stderr);
    const worker = new Worker();
    await worker.ready;
    const call = action(
      'exports.onExecutePostLogin = () => console.log(require("ms")("2 days"), require("nanoid").nanoid().length, require("actions:time").minute);',
    );
    call.scripts[0].modules = stdout;
    const { console: lines } = await worker.run(call);
    assert.equal(lines[0].text, '172800000 21 60000');
    await worker.stop();
  });
  it('runs no script of a module', async t => {
    if (!reached) return t.skip('no registry');
    // Its install script builds an addon; here the presence of one is the refusal.
    assert.deepEqual(refusal([{ name: 'bufferutil', version: '4.0.8' }]), [1, 'bufferutil contains native code, which cannot be bundled']);
  });
  it('says which module or version does not exist', async t => {
    if (!reached) return t.skip('no registry');
    assert.deepEqual(refusal([{ name: 'ms', version: '99.0.0' }]), [1, 'No matching version found for ms@99.0.0']);
    assert.deepEqual(refusal([{ name: 'durward-has-no-such-module', version: '1.0.0' }]), [
      1,
      'there is no npm module durward-has-no-such-module',
    ]);
  });
  it('leaves out a native module that every worker has', () => {
    const { status, stdout } = bundle([{ name: 'bcrypt', version: '5.1.1' }]);
    assert.equal(status, 0);
    assert.equal(stdout.trim(), 'module.exports={};');
  });

  const refused = [
    [[{ name: '../../etc', version: '1.0.0' }], '"../../etc" is not the name of a module'],
    [[{ name: 'ms', version: 'file:/etc' }], '"file:/etc" is not a version of ms'],
    [[{ name: 'ms', version: 'git+ssh://host/x' }], '"git+ssh://host/x" is not a version of ms'],
    [[{ name: 'ms' }], '"undefined" is not a version of ms'],
    [[{ name: 'shared', code: '1' }], '"shared" is not the name of a module'],
    [
      [
        { name: 'ms', version: '2.1.3' },
        { name: 'ms', version: '2.1.2' },
      ],
      'a module is declared twice',
    ],
    [Array.from({ length: 51 }, (_, i) => ({ name: `m${i}`, version: '1.0.0' })), 'a script may declare at most 50 modules'],
  ];
  for (const [modules, sentence] of refused) {
    it(`is refused: ${sentence}`, () => assert.deepEqual(refusal(modules), [1, sentence]));
  }
  it('tells a registry that cannot be reached from a module that is at fault', () => {
    assert.deepEqual(
      refusal([{ name: 'ms', version: '2.1.3' }], { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' }),
      [75, 'the npm registry cannot be reached'],
    );
  });
});
