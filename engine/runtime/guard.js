'use strict';
// Scripts and runtime share one realm. The guard knows the built-in objects as they were at start and puts back what a script
// replaced, so that a run starts with the language as it is documented: neither an accident nor polluted
// input of one login (`__proto__` in a merged object) reaches the next. Names a script adds stay, as in any warm
// container, except enumerable ones on the prototypes that every object inherits from.
const {
  ownKeys,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  setPrototypeOf,
  isExtensible,
  defineProperty,
  freeze,
  hasOwn,
} = require('./primordials.js');
const { words } = require('./text.js');

const generators = [function* () {}, async function* () {}, async function () {}];
const iterators = [
  [][Symbol.iterator](),
  ''[Symbol.iterator](),
  new Map()[Symbol.iterator](),
  new Set()[Symbol.iterator](),
  ''.matchAll(/x/g),
];
const inherited = freeze([Object.prototype, Array.prototype, Function.prototype]);

const constructors = words(`
  Object Function Array Number Boolean String Symbol BigInt Date RegExp Promise Proxy Map Set WeakMap WeakSet WeakRef Error
  AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError ArrayBuffer SharedArrayBuffer DataView
  Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigInt64Array
  BigUint64Array JSON Math Reflect Atomics Intl Buffer URL URLSearchParams TextEncoder TextDecoder
`);
// Other globals that are there from the start. The many that Node.js makes when they are first used are left alone.
const functions = words(`
  globalThis global console process setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask
  structuredClone atob btoa fetch eval parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent
  escape unescape
`);

// The built-in objects, with what stands behind them.
function builtins() {
  const found = new Set();
  const add = value => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || found.has(value)) return;
    found.add(value);
    add(getPrototypeOf(value));
    if (typeof value === 'function') add(value.prototype);
  };
  for (const name of constructors) add(globalThis[name]);
  for (const value of [...generators, ...iterators]) add(getPrototypeOf(value));
  return [...found];
}

const picture = (object, keys) => ({
  object,
  prototype: getPrototypeOf(object),
  extensible: isExtensible(object),
  properties: keys.map(key => ({ key, descriptor: freeze({ __proto__: null, ...getOwnPropertyDescriptor(object, key) }) })),
});

const snapshot = builtins().map(object => picture(object, ownKeys(object)));

const comparable = ({ descriptor }) =>
  hasOwn(descriptor, 'value') && (descriptor.writable || descriptor.configurable) && descriptor.value === descriptor.value;

// One comparison a value, as straight code: the engine makes next to nothing of it, where a loop over descriptors takes half a millisecond.
// One function an object: the engine optimizes no function that is too long.
function compileChecks(watched) {
  const [keys, values] = [[], []];
  const comparison = ({ key, descriptor }) => {
    const at = values.push(descriptor.value) - 1;
    keys[at] = key;
    return `x[${typeof key === 'string' ? JSON.stringify(key) : `k[${at}]`}] === v[${at}]`;
  };
  const check = ({ extensible, properties }, i) => {
    const terms = [
      ...(extensible ? ['isExtensible(x)'] : []),
      `getPrototypeOf(x) === p[${i}]`,
      ...properties.filter(comparable).map(comparison),
    ];
    return `() => { const x = o[${i}]; return ${terms.join(' && ')}; }`;
  };
  const body = `'use strict'; return [${watched.map(check).join(',\n')}]`;
  return new Function('isExtensible', 'getPrototypeOf', 'o', 'p', 'k', 'v', body)(
    isExtensible,
    getPrototypeOf,
    watched.map(w => w.object),
    watched.map(w => w.prototype),
    keys,
    values,
  );
}

// Set by seal(), when the runtime has put its own console and process in place.
let checks = [];
let watchedGlobals;

function seal() {
  watchedGlobals = picture(globalThis, [...constructors, ...functions]);
  checks = compileChecks([...snapshot, watchedGlobals]);
}

function isClean() {
  for (const _ in inherited[0]) return false;
  for (const _ in inherited[1]) return false;
  for (const _ in inherited[2]) return false;
  for (let i = 0; i < checks.length; ++i) if (!checks[i]()) return false;
  return true;
}

const same = (a, b) => a !== undefined && a.value === b.value && a.get === b.get && a.set === b.set && a.writable === b.writable;

function restore({ object, prototype, properties }) {
  let whole = getPrototypeOf(object) === prototype || setPrototypeOf(object, prototype);
  for (let i = 0; i < properties.length; ++i) {
    const { key, descriptor } = properties[i];
    if (!same(getOwnPropertyDescriptor(object, key), descriptor) && !defineProperty(object, key, descriptor)) whole = false;
  }
  return whole && isExtensible(object);
}

function removePollution() {
  for (let i = 0; i < inherited.length; ++i) for (const key in inherited[i]) delete inherited[i][key];
}

// Puts everything back. False: something cannot be put back, and this process should run nothing further.
function repair() {
  if (isClean()) return true;
  let whole = true;
  for (let i = 0; i < snapshot.length; ++i) whole = restore(snapshot[i]) && whole;
  whole = restore(watchedGlobals) && whole;
  removePollution();
  return whole && isClean();
}

module.exports = { seal, repair };
