'use strict';
// What the runtime needs of the language, captured before any script could replace it: for the code that leads from one script
// to the next (frames, run, console, network, guard). Methods of `api` and what runs after guard.repair() may use the language as everybody
// does: there a script that damaged it meets its own damage, or none is left.
const { call, bind } = Function.prototype;
// uncurry(String.prototype.slice)('abc', 1): the method as a function of its receiver.
const uncurry = bind.bind(call);

module.exports = Object.freeze({
  __proto__: null,
  uncurry,
  apply: Reflect.apply,
  ownKeys: Reflect.ownKeys,
  defineProperty: Reflect.defineProperty,
  getOwnPropertyDescriptor: Reflect.getOwnPropertyDescriptor,
  getPrototypeOf: Reflect.getPrototypeOf,
  setPrototypeOf: Reflect.setPrototypeOf,
  isExtensible: Reflect.isExtensible,
  objectKeys: Object.keys,
  hasOwn: Object.hasOwn,
  freeze: Object.freeze,
  isArray: Array.isArray,
  arrayPush: uncurry(Array.prototype.push),
  arrayJoin: uncurry(Array.prototype.join),
  isSafeInteger: Number.isSafeInteger,
  isFinite: Number.isFinite,
  now: Date.now,
  stringify: JSON.stringify,
  parse: JSON.parse,
  slice: uncurry(String.prototype.slice),
  indexOf: uncurry(String.prototype.indexOf),
  charCodeAt: uncurry(String.prototype.charCodeAt),
  replace: uncurry(RegExp.prototype[Symbol.replace]),
  byteLength: Buffer.byteLength,
  mapGet: uncurry(Map.prototype.get),
  mapSet: uncurry(Map.prototype.set),
  mapDelete: uncurry(Map.prototype.delete),
  then: uncurry(Promise.prototype.then),
  resolved: Promise.resolve.bind(Promise),
  Map,
  Error,
});
