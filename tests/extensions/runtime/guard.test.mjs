// What one script does to the language does not reach the next: engine/runtime/guard.js.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Worker, action } from './worker.mjs';

const executes = body => `exports.onExecutePostLogin = async (event, api) => {\n${body}\n};`;
const honest = executes(`
  const parts = [...['b', 'a'].map(x => x + 1), JSON.stringify({ a: [1] }), 'a-b'.split('-').join(), [3, 1].sort()[0], new Map([[1, 2]]).get(1), await Promise.resolve(7), Object.keys({ k: 1 })[0]];
  api.idToken.setCustomClaim('parts', parts);
  console.log(typeof ({}).admin, Object.keys(parts).length);`);
const expected = ['b1', 'a1', '{"a":[1]}', 'a,b', 1, 2, 7, 'k'];

const damages = {
  'a replaced method of arrays': 'Array.prototype.map = () => "x";',
  'a replaced iterator of arrays': 'Array.prototype[Symbol.iterator] = function* () {};',
  'replaced then of promises': 'Promise.prototype.then = () => { throw new Error("mine"); };',
  'a replaced constructor of promises': 'Promise.prototype.constructor = function () { throw new Error("mine"); };',
  'a replaced JSON': 'JSON.stringify = () => "forged"; JSON.parse = () => 1;',
  'toJSON on every object': 'Object.prototype.toJSON = () => "forged";',
  'polluted Object.prototype':
    'const merged = {}; const text = \'{"__proto__": {"admin": true}}\'; Object.assign(Object.getPrototypeOf(merged), JSON.parse(text).__proto__);',
  'polluted Array.prototype': 'Array.prototype.extra = 1; Array.prototype[3] = "x";',
  'deleted methods': 'delete Array.prototype.sort; delete String.prototype.split; delete Map.prototype.get;',
  'replaced globals': 'Promise = 1; Object = 2; Array = 3; Map = 4; console = 5; process = 6; setTimeout = 7;',
  'replaced call and apply': 'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 0;',
  'a replaced prototype of a prototype': 'Object.setPrototypeOf(Array.prototype, { map: 1 });',
  'getters on built-in objects': 'Object.defineProperty(Array.prototype, "sort", { get() { return () => ["z"]; }, configurable: true });',
  'replaced methods of maps, buffers and regular expressions':
    'Map.prototype.get = Map.prototype.set = () => 0; Buffer.prototype.utf8Write = Buffer.prototype.copy = () => 0; RegExp.prototype.exec = () => null;',
};

describe('after a script that damaged', () => {
  let worker;
  before(async () => {
    worker = new Worker();
    await worker.ready;
  });
  after(() => worker.stop());

  for (const [what, damage] of Object.entries(damages)) {
    it(`${what}, the next script of the same run finds the language whole`, async () => {
      const { results, console: lines } = await worker.run(action([executes(damage), honest]));
      assert.deepEqual(results[1].commands, [{ name: 'idToken.setCustomClaim', args: ['parts', expected] }]);
      assert.deepEqual(lines.at(-1).text, 'undefined 8');
    });
    it(`${what} and threw, the next run does too`, async () => {
      await worker.run(action(executes(`${damage} throw new Error("done");`)));
      assert.deepEqual((await worker.run(action(honest))).results[0].commands[0].args[1], expected);
    });
  }

  it('nothing, what it added under a new name is still there', async () => {
    await worker.run(
      action(
        executes(
          'String.prototype.shout ??= function () { return `${this}!`; }; Object.defineProperty(String.prototype, "shout", { enumerable: false });',
        ),
      ),
    );
    assert.equal((await worker.run(action(executes('console.log("a".shout());')))).console[0].text, 'a!');
  });

  it('what cannot be put back, the worker asks to be replaced and still ends its runs', async () => {
    const frozen = new Worker();
    await frozen.ready;
    const retire = frozen.next('retire');
    const { results } = await frozen.run(action(executes('Object.freeze(Object.prototype); Object.freeze(Array.prototype);')));
    assert.equal(results[0].error, undefined);
    assert.match((await retire).reason, /cannot be restored/);
    await frozen.stop();
  });

  it('a built-in object while another run waits, that one ends well', async () => {
    const waits = worker.run(
      action(executes('await new Promise(resolve => setTimeout(resolve, 20)); console.log([1, 2].map(x => x * 2).join());')),
    );
    await worker.run(action(executes('Array.prototype.map = Array.prototype.join = () => "x";')));
    assert.equal((await waits).console[0].text, '2,4');
  });
});
