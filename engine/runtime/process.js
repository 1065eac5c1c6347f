'use strict';
// `process` as scripts find it: what would end, steer or leave the worker is refused with a sentence. The kernel has the last word.
const { isBuiltin } = require('node:module');
const { builtins } = require('./modules.js');
const { words } = require('./text.js');
const { Error } = require('./primordials.js');

const refused = words(`
  exit reallyExit kill chdir binding setuid setgid seteuid setegid setgroups initgroups umask setUncaughtExceptionCaptureCallback
  loadEnvFile execve
`);

function install() {
  for (const name of refused) {
    if (name in process)
      process[name] = () => {
        throw new Error(`process.${name}() is not available to scripts`);
      };
  }
  const { getBuiltinModule } = process;
  process.getBuiltinModule = name =>
    isBuiltin(name) && builtins.has(String(name).replace(/^node:/, '')) ? getBuiltinModule(name) : undefined;
  delete process.mainModule;
}

module.exports = { install };
