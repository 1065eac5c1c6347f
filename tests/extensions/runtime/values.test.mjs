// Whatever a script says, throws, returns or hands on: the worker answers each run and lives.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Worker, action } from './worker.mjs';

const values = {
  'a proxy that throws': 'new Proxy({}, new Proxy({}, { get() { throw new Error("trap"); } }))',
  'a revoked proxy': '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()',
  'a revoked function proxy': '(() => { const { proxy, revoke } = Proxy.revocable(() => {}, {}); revoke(); return proxy; })()',
  'an object whose toString throws': '({ toString() { throw 1; }, toJSON() { throw 2; }, [Symbol.toPrimitive]() { throw 3; } })',
  'an object that inspects itself badly': '({ [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("inspected"); } })',
  'an error whose members throw':
    'Object.defineProperties(new Error("x"), { message: { get() { throw 1; } }, stack: { get() { throw 2; } }, name: { get() { throw 3; } }, own: { get() { throw 4; }, enumerable: true } })',
  'an error with odd members': 'Object.assign(new Error("x"), { name: {}, message: Symbol("m"), stack: 5, big: 1n, self: null })',
  'a symbol': 'Symbol("s")',
  'a bigint': '12345678901234567890n',
  undefined: 'undefined',
  null: 'null',
  'a function': 'function named() {}',
  'a circle': '(() => { const a = []; a.push(a); return a; })()',
  'a deep object': '(() => { let a = {}; for (let i = 0; i < 20000; ++i) a = { a }; return a; })()',
  'a sparse array': '[, , 1]',
  'an invalid date': 'new Date(NaN)',
  'a map': 'new Map([[{}, new Set([1])]])',
  'a long text': '"\\u2028\\ud800\\0".repeat(50000)',
  'an object without prototype': 'Object.create(null)',
  'a thenable that throws': '({ then() { throw new Error("then"); } })',
  'a thenable that settles twice': '({ then(resolve, reject) { resolve(1); reject(2); resolve(3); } })',
  'a promise that was rejected': '(() => { const p = Promise.reject(new Error("r")); p.catch(() => {}); return p; })()',
  'a class instance with a private field': 'new (class { #x = 1; get x() { return this.#x; } })()',
  'a generator': '(function* () { yield 1; })()',
  'an object with __proto__': 'JSON.parse(\'{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}\')',
};
const uses = {
  logs: value => `console.log(${value}); console.log("%o %j", ${value});`,
  throws: value => `throw ${value};`,
  returns: value => `return ${value};`,
  'sets as a claim': value => `api.idToken.setCustomClaim("a", ${value});`,
  'sets as metadata': value => `api.user.setUserMetadata("a", ${value}); api.transaction.setMetadata("a", ${value});`,
  'denies with': value => `api.access.deny(${value});`,
  'rejects a promise with': value => `Promise.reject(${value}); await new Promise(resolve => setTimeout(resolve, 2));`,
  'gives as options': value => `api.session.revoke("r", ${value});`,
  caches: value => `api.cache.set("k", "v", ${value});`,
};

describe('a script that', () => {
  let worker;
  before(async () => {
    worker = new Worker();
    await worker.ready;
  });
  after(async () => assert.equal(await worker.stop(), 0));

  const rule = { code: 'function (user, context, callback) { callback(null, user, context); }', id: 'r', name: 'r' };
  const isWhole = async () =>
    assert.equal(
      (await worker.run({ contract: 'rule', trigger: 'rule', scripts: [rule], input: { user: {}, context: {} } })).results[0].error,
      undefined,
    );

  for (const [how, use] of Object.entries(uses)) {
    it(`${how} anything gets an answer`, async () => {
      for (const [what, value] of Object.entries(values)) {
        const { results } = await worker.run(action(`exports.onExecutePostLogin = async (event, api) => { ${use(value)} };`));
        assert.equal(results.length, 1, what);
        assert.ok(Array.isArray(results[0].commands), what);
      }
      await isWhole();
    });
  }
  it('calls back with anything gets an answer', async () => {
    for (const [what, value] of Object.entries(values)) {
      for (const handed of [`${value}`, `null, ${value}`, `null, ${value}, ${value}`]) {
        const code = `function (user, context, callback) { callback(${handed}); }`;
        const { results } = await worker.run({
          contract: 'rule',
          trigger: 'rule',
          scripts: [{ ...rule, code }],
          input: { user: {}, context: {} },
        });
        assert.equal(results.length, 1, what);
        const hook = await worker.run({
          contract: 'database',
          trigger: 'login',
          scripts: [{ ...rule, code: `function (callback) { callback(${handed}); }` }],
          input: { arguments: [] },
        });
        assert.equal(hook.results.length, 1, what);
      }
    }
    await isWhole();
  });
  it('exports anything gets an answer', async () => {
    for (const [what, value] of Object.entries(values)) {
      for (const code of [`module.exports = ${value};`, `exports.onExecutePostLogin = ${value};`])
        assert.equal((await worker.run(action(code))).results.length, 1, what);
    }
    await isWhole();
  });
});
