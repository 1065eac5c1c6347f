'use strict';
// The scripts a worker has: compiled once, the top level run once, kept by digest.
const vm = require('node:vm');
const { requireFor } = require('./modules.js');
const { InvalidScript, given } = require('./errors.js');

const errorNames = Object.keys(given);
const errorClasses = Object.values(given);
const moduleScope = ['exports', 'require', 'module', '__filename', '__dirname'];
const functionScope = ['require', 'module', 'exports', 'configuration', 'auth0', ...errorNames];

// `import()` gives what `require` gives, as a module namespace.
function importer(require) {
  return async specifier => {
    const exports = require(specifier);
    const names = new Set([
      'default',
      ...((exports !== null && typeof exports === 'object') || typeof exports === 'function' ? Object.keys(exports) : []),
    ]);
    const module = new vm.SyntheticModule([...names], () => {
      for (const name of names) module.setExport(name, name === 'default' ? (exports?.default ?? exports) : exports[name]);
    });
    await module.link(() => {});
    await module.evaluate();
    return module;
  };
}

function compile(code, scope, name, require, lineOffset = 0) {
  try {
    return vm.compileFunction(code, scope, { filename: name, lineOffset, importModuleDynamically: require && importer(require) });
  } catch (error) {
    throw new InvalidScript(error.message, error, lineOf(error));
  }
}

// The first line of a syntax error's stack is `file:line`.
const lineOf = error => Number(/^[^\n]*:(\d+)\n/.exec(error.stack)?.[1]) || undefined;

// A script is one function expression; people also write a declaration with helpers around it, or assign module.exports. What of these
// readings compiles is tried in this order; without any, the first one's error tells.
function compileFunction(code, name, require) {
  const last = [...code.matchAll(/^(?:async\s+)?function\s*\*?\s*([A-Za-z_$][\w$]*)/gm)].at(-1)?.[1];
  const readings = [
    [`const script =\n${code}\n;return script;`, -1],
    [`${code}\n;return typeof module.exports === 'function' ? module.exports : ${last};`, 0],
  ];
  const compiled = [];
  let failure;
  for (const [text, lineOffset] of readings) {
    try {
      compiled.push(compile(text, functionScope, name, require, lineOffset));
    } catch (error) {
      failure ??= error;
    }
  }
  if (compiled.length === 0) throw failure;
  return compiled;
}

class Script {
  constructor({ name, code, modules }) {
    this.name = typeof name === 'string' && name ? name : 'script';
    this.code = String(code);
    this.modules = modules;
    this.require = requireFor(() => this.bundle());
  }

  // The bundle of declared modules, evaluated when the script first requires one that Node.js does not have.
  bundle() {
    if (this.bundled) return this.bundled;
    if (!this.modules) return (this.bundled = {});
    const module = { exports: {} };
    const outside = requireFor(() => ({}));
    compile(this.modules, moduleScope, 'node_modules', outside).call(module.exports, module.exports, outside, module, 'node_modules', '/');
    return (this.bundled = module.exports);
  }

  // What a script of the form `module` exports.
  exports() {
    if (this.exported) return this.exported;
    this.compiled ??= compile(this.code, moduleScope, this.name, this.require);
    const module = { exports: {} };
    invalidIfThrown(() => this.compiled.call(module.exports, module.exports, this.require, module, this.name, '/'));
    return (this.exported = module.exports);
  }

  // The function of a script of the form `function`, with the globals of this call around it.
  callable(configuration, auth0) {
    this.readings ??= compileFunction(this.code, this.name, this.require);
    for (const reading of this.readings) {
      const module = { exports: {} };
      const value = invalidIfThrown(() =>
        reading.call(undefined, this.require, module, module.exports, configuration, auth0, ...errorClasses),
      );
      if (typeof value !== 'function') continue;
      this.readings = [reading];
      return value;
    }
    throw new InvalidScript('the script is not a function');
  }
}

function invalidIfThrown(run) {
  try {
    return run();
  } catch (error) {
    throw error instanceof InvalidScript ? error : new InvalidScript(error?.message ?? String(error), error);
  }
}

const loaded = new Map();

function load(frame) {
  loaded.set(frame.digest, new Script(frame));
}

// The script that a member of run.scripts names or brings along.
function find(named) {
  if (typeof named.code === 'string') return new Script(named);
  const script = loaded.get(named.digest);
  if (!script) throw new InvalidScript('the script was not loaded');
  return script;
}

module.exports = { load, find, compile, compileFunction, moduleScope };
