'use strict';
// Errors that scripts may hand to their callbacks, and how whatever a script threw is told to the supervisor.
const { inspect } = require('node:util');
const { isTooDeep } = require('./text.js');
const { stringify, objectKeys, isArray } = require('./primordials.js');

const TEXT_MAX = 8 * 1024; // characters of a message and of a stack
const MEMBERS_MAX = 16 * 1024; // characters of JSON

class WrongUsernameOrPasswordError extends Error {
  constructor(user, message) {
    super(message ?? 'Wrong username or password');
    this.name = 'WrongUsernameOrPasswordError';
    this.user = user || null;
  }
}
class ValidationError extends Error {
  constructor(code, message) {
    super(message ?? code);
    this.name = 'ValidationError';
    this.code = code;
  }
}
class UnauthorizedError extends Error {
  constructor(message) {
    super(message);
    this.name = 'UnauthorizedError';
  }
}
class PreUserRegistrationError extends Error {
  constructor(message, userMessage) {
    super(message);
    this.name = 'PreUserRegistrationError';
    this.userMessage = userMessage;
  }
}

// Code that cannot be called: it does not compile, its top level throws, it does not export what is called.
class InvalidScript extends Error {
  constructor(message, cause, line) {
    super(message);
    this.name = cause?.name ?? 'Error';
    if (cause?.stack) this.stack = cause.stack;
    if (line) this.line = line;
  }
}
class TooMuchOutput extends Error {}
// Ended from outside; `kind` is the supervisor's word for why.
class Cancelled extends Error {
  constructor(kind) {
    super(kind === 'timeout' ? 'the script did not end in time' : 'the script was ended');
    this.stack = '';
    Object.defineProperty(this, 'kind', { value: kind });
  }
}

const text = value => {
  try {
    return (typeof value === 'string' ? value : inspect(value, { depth: 2 })).slice(0, TEXT_MAX);
  } catch {
    return 'a value that cannot be shown';
  }
};

// A member of a value that may be a proxy, or have getters that throw.
function member(value, name) {
  try {
    return value[name];
  } catch {
    return undefined;
  }
}

function isJson(value) {
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'object'
  );
}

// Own members beside those that have a place of their own, as far as they are JSON and not too many.
function ownMembers(value) {
  const found = {};
  let size = 0;
  try {
    for (const key of objectKeys(value)) {
      if (key === 'name' || key === 'message' || key === 'stack' || !isJson(value[key])) continue;
      const json = stringify(value[key]);
      if (json === undefined || isTooDeep(json) || (size += key.length + json.length) > MEMBERS_MAX) continue;
      found[key] = JSON.parse(json);
    }
  } catch {
    // What can be told has been.
  }
  return found;
}

// Lines of this runtime and of the engine in a stack say nothing to the author of a script.
const withoutRuntime = stack =>
  stack
    .split('\n')
    .filter(line => !line.includes(__dirname) && !line.includes('(node:'))
    .join('\n');

function kindOf(thrown) {
  if (thrown instanceof InvalidScript) return 'invalid';
  if (thrown instanceof Cancelled) return thrown.kind;
  return thrown instanceof TooMuchOutput ? 'output' : 'thrown';
}

const stackOf = stack => (typeof stack === 'string' ? withoutRuntime(stack.slice(0, TEXT_MAX)) : '');

function describeObject(thrown) {
  const [name, message, stack] = ['name', 'message', 'stack'].map(key => member(thrown, key));
  return {
    kind: kindOf(thrown),
    name: typeof name === 'string' && name ? name.slice(0, 256) : 'Error',
    message: text(message ?? (thrown instanceof Error ? '' : thrown)),
    stack: stackOf(stack),
    members: ownMembers(thrown),
  };
}

// The `error` of a result. Any value can be thrown, also one that cannot be looked at.
function describe(thrown) {
  try {
    if (thrown !== null && typeof thrown === 'object') return describeObject(thrown);
  } catch {
    // It is described below as what it is not.
  }
  return { kind: 'thrown', name: 'Error', message: text(thrown), stack: '', members: {} };
}

module.exports = {
  describe,
  Cancelled,
  InvalidScript,
  TooMuchOutput,
  given: { WrongUsernameOrPasswordError, ValidationError, UnauthorizedError, PreUserRegistrationError },
};
