'use strict';
// What a deploy does with code: types out, syntax checked, nothing run.
const { stripTypeScriptTypes } = require('node:module');
const { compile, compileFunction, moduleScope } = require('../scripts.js');
const { describe, InvalidScript } = require('../errors.js');

const CODE_MAX = 100 * 1024; // bytes, reference section 1

const checks = { module: code => compile(code, moduleScope, 'script.js'), function: code => compileFunction(code, 'script.js') };

// Types are blanked, so that lines and columns stay; what is more than types (enum, namespace) is translated.
function withoutTypes(code) {
  for (const mode of ['strip', 'transform']) {
    try {
      return stripTypeScriptTypes(code, { mode });
    } catch (error) {
      if (error.code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || mode === 'transform') {
        throw new InvalidScript(error.message, error, Number(/^:(\d+)/.exec(error.stack)?.[1]) || undefined);
      }
    }
  }
}

// JavaScript stays as it is, also what a parser of TypeScript would refuse.
function build({ code, form = 'module', typescript = true }) {
  if (typeof code !== 'string') throw new InvalidScript('there is no code');
  if (Buffer.byteLength(code) > CODE_MAX)
    throw new InvalidScript(`the code has ${Buffer.byteLength(code)} bytes; ${CODE_MAX} are the most`);
  const check = checks[form] ?? checks.module;
  try {
    check(code);
    return code;
  } catch (error) {
    if (!typescript) throw error;
  }
  const plain = withoutTypes(code);
  check(plain);
  return plain;
}

// The answer to a run of the contract `build`; it has no scripts.
function output(input) {
  try {
    return { code: build(input ?? {}) };
  } catch (error) {
    return { error: { ...describe(error), kind: 'invalid' } };
  }
}

module.exports = { output };
