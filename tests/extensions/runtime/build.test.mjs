// What a deploy does with code: contract `build` of a worker.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Worker } from './worker.mjs';

describe('a build', () => {
  let worker;
  before(async () => {
    worker = new Worker();
    await worker.ready;
  });
  after(() => worker.stop());
  const build = async (code, more) => (await worker.run({ contract: 'build', input: { code, ...more } })).output;

  it('leaves JavaScript as it is, also what TypeScript would refuse', async () => {
    for (const code of [
      'exports.onExecutePostLogin = async (event, api) => {};\n',
      'var mode = 010; with (exports) {}',
      'const a = 1 // no newline at the end',
    ])
      assert.deepEqual(await build(code), { code });
  });
  it('takes types out and keeps lines and columns', async () => {
    const typed =
      'exports.onExecutePostLogin = async (event: Event, api: PostLoginAPI): Promise<void> => {\n  const x = event.user!.email as string;\n};';
    const { code } = await build(typed);
    assert.equal(code.length, typed.length);
    assert.equal(code.replaceAll(/ +/g, ' '), 'exports.onExecutePostLogin = async (event , api ) => {\n const x = event.user .email ;\n};');
  });
  it('translates what is more than types', async () => {
    const { code } = await build('enum Plan { Free, Paid }\nexports.plan = Plan.Paid;');
    assert.match(code, /Plan\[Plan\["Paid"\] = 1\]/);
  });
  it('names the line of a mistake', async () => {
    const { error } = await build('exports.a = 1;\n\nexports.b = = 2;\n');
    assert.deepEqual([error.kind, error.name, error.members.line], ['invalid', 'SyntaxError', 3]);
    assert.equal((await build('let x: number = ;\n')).error.members.line, 1);
    assert.equal((await build('exports.a =\n1 1', { typescript: false })).error.members.line, 2);
  });
  it('refuses modules of the other kind', async () =>
    assert.equal((await build('import x from "y";\nexports.z = x;')).error.kind, 'invalid'));
  it('checks a function expression where one is wanted', async () => {
    const code = 'function (user, context, callback) {\n  callback(null, user, context);\n}';
    assert.deepEqual(await build(code, { form: 'function' }), { code });
    assert.equal(
      (await build('function (user, context, callback) {\n  callback(null user);\n}', { form: 'function', typescript: false })).error
        .members.line,
      2,
    );
  });
  it('runs nothing', async () => assert.ok((await build('throw new Error("ran");')).code));
  it('bounds the code', async () => {
    assert.match((await build(`// ${'x'.repeat(102_400)}`)).error.message, /102400 are the most/);
    assert.equal((await build(undefined)).error.message, 'there is no code');
  });
});
