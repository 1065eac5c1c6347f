'use strict';
// Checks of arguments of `api` methods. A check is (value, say) → the value to use, or throws with a sentence that starts with the
// argument's name; `say(sentence)` makes the error.
const { isArray, isFinite, isSafeInteger, byteLength, stringify, parse, hasOwn, freeze } = require('../primordials.js');

const isObject = value => value !== null && typeof value === 'object' && !isArray(value);
const bounded = (value, bytes, say) => {
  if (byteLength(value) > bytes) throw say(`must be at most ${bytes} bytes`);
  return value;
};

// text({max}): a string, in bytes; `characters` counts UTF-16 units; `empty: false` refuses ''.
const text =
  ({ max, characters, empty = true } = {}) =>
  (value, say) => {
    if (typeof value !== 'string') throw say('must be a string');
    if (!empty && value === '') throw say('must not be empty');
    if (characters && value.length > characters) throw say(`must be at most ${characters} characters`);
    return max ? bounded(value, max, say) : value;
  };
const optional = check => (value, say) => (value === undefined ? undefined : check(value, say));
const orNull = check => (value, say) => (value === null || value === undefined ? null : check(value, say));
const withDefault = (check, standard) => (value, say) => (value === undefined ? standard : check(value, say));
const boolean = (value, say) => {
  if (typeof value !== 'boolean') throw say('must be true or false');
  return value;
};
const oneOf =
  (...values) =>
  (value, say) => {
    if (!values.includes(value)) throw say(`must be one of ${values.join(', ')}`);
    return value;
  };
const number =
  ({ min = -Infinity, max = Infinity, integer = false } = {}) =>
  (value, say) => {
    if (typeof value !== 'number' || !isFinite(value)) throw say('must be a number');
    if (integer && !isSafeInteger(value)) throw say('must be an integer');
    if (value < min || value > max) throw say(`must be from ${min} to ${max}`);
    return value;
  };
// Milliseconds since 1970.
const epoch = number({ min: 1, max: 8.64e15, integer: true });

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const scope = (value, say) => {
  if (typeof value !== 'string' || !SCOPE.test(value))
    throw say('must be a scope: printable characters without space, quotation mark or backslash');
  return value;
};

const WEB = /^https?:\/\//i;
const webUrl = (value, say) => {
  if (typeof value !== 'string' || !WEB.test(value)) throw say('must be an http or https URL');
  if (!URL.canParse(value)) throw say('must be an http or https URL');
  return value;
};

// Anything JSON can say; undefined stays undefined.
const json = (value, say) => {
  let written;
  try {
    written = stringify(value);
  } catch {
    throw say('must be something JSON can hold');
  }
  if (value !== undefined && written === undefined) throw say('must be something JSON can hold');
  return written === undefined ? undefined : parse(written);
};
const dictionary = (value, say) => {
  if (!isObject(value)) throw say('must be an object');
  return json(value, say);
};
const list =
  (check, { max, min = 0 } = {}) =>
  (value, say) => {
    if (!isArray(value)) throw say('must be an array');
    if (value.length < min) throw say(`must have at least ${min} element${min === 1 ? '' : 's'}`);
    if (max && value.length > max) throw say(`must have at most ${max} elements`);
    return Array.from(value, element => check(element, say));
  };
// options({name: check}): an object with these members only; absent altogether is {}.
const options = members => (value, say) => {
  if (value === undefined || value === null) value = {};
  if (!isObject(value)) throw say('must be an object');
  const unknown = Object.keys(value).find(name => !hasOwn(members, name));
  if (unknown !== undefined) throw say(`has no member ${unknown}`);
  const checked = {};
  for (const [name, check] of Object.entries(members)) {
    const found = check(value[name], sentence => say(sentence, name));
    if (found !== undefined) checked[name] = found;
  }
  return checked;
};

// arg('reason', text()): one parameter of a method.
const arg = (name, check) => freeze({ name, check });

// A row of the table of methods; index.js says what may stand in `more`.
const row = (method, triggers, args, does, more = {}) => freeze({ method, triggers, args, does, ...more });

// say for parameter `name` of `api.method`.
const sayer = (method, name) => (sentence, member) => new TypeError(`api.${method}: ${name}${member ? `.${member}` : ''} ${sentence}`);

module.exports = {
  arg,
  row,
  sayer,
  text,
  optional,
  orNull,
  withDefault,
  boolean,
  oneOf,
  number,
  epoch,
  scope,
  webUrl,
  json,
  dictionary,
  list,
  options,
  isObject,
};
