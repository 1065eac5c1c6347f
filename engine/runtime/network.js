'use strict';
// The way out. A worker has no network: each connection is asked of the supervisor, which resolves, checks and connects, and is
// then reached through a Unix socket with a ticket (README.md). Patched where all of Node.js meets: net.Socket and tls.connect.
const { AsyncResource } = require('node:async_hooks');
const dns = require('node:dns');
const net = require('node:net');
const tls = require('node:tls');
const { currentId } = require('./run.js');
const { words } = require('./text.js');
const { Map, Error, mapGet, mapSet, mapDelete, stringify, apply, freeze } = require('./primordials.js');

const HOST_MAX = 253; // RFC 1035 §2.3.4, as text

let send;
let egress;
let calls = 0;
const waiting = new Map();
const errno = freeze({
  __proto__: null,
  EACCES: -13,
  ECONNREFUSED: -111,
  ETIMEDOUT: -110,
  EHOSTUNREACH: -113,
  ENOTFOUND: -3008,
  EMFILE: -24,
});

function failure({ code = 'EACCES', message = 'refused' }, more) {
  return Object.assign(new Error(message), { code, errno: errno[code], ...more });
}

const unknown = host => ({ code: 'ENOTFOUND', message: `getaddrinfo ENOTFOUND ${host}` });

// What follows an answer belongs to the run that asked.
const inContext = AsyncResource.bind;

// call('connect', {host, port}, (error, result) => ...)
function call(method, params, done) {
  if (params.host.length > HOST_MAX) return process.nextTick(done, unknown(params.host));
  const id = ++calls;
  mapSet(waiting, id, inContext(done));
  const run = currentId();
  send(`{"type":"call","call":${id},${run ? `"id":${run},` : ''}"method":"${method}","params":${stringify(params)}}`);
}

function reply(frame) {
  const done = mapGet(waiting, frame.call);
  if (!done) return;
  mapDelete(waiting, frame.call);
  done(frame.error, frame.result);
}

const { connect: connectSocket, _writeGeneric: writeNow } = net.Socket.prototype;
const { connect: connectTls } = tls;
const { prependListener } = net.Socket.prototype;

// The ticket leaves before anything that was written while the socket was connecting.
function openTunnel(socket, { ticket, address, port }) {
  Object.defineProperties(socket, {
    remoteAddress: { value: address, configurable: true },
    remotePort: { value: port, configurable: true },
    remoteFamily: { value: net.isIPv6(address) ? 'IPv6' : 'IPv4', configurable: true },
  });
  apply(prependListener, socket, [
    'connect',
    function presentTicket() {
      socket.removeListener('connect', presentTicket);
      apply(writeNow, socket, [false, `${ticket}\n`, 'latin1', () => {}]);
    },
  ]);
  apply(connectSocket, socket, [{ path: egress }]);
}

function refuse(socket, error, host, port) {
  socket.connecting = false;
  socket.destroy(failure(error, { syscall: error.code === 'ENOTFOUND' ? 'getaddrinfo' : 'connect', hostname: host, address: host, port }));
}

const inSandbox = options => options.path !== undefined && options.path !== null;

function connect(...args) {
  const [options, done] = net._normalizeArgs(args[0] !== null && Array.isArray(args[0]) ? args[0] : args);
  if (inSandbox(options)) return apply(connectSocket, this, args);
  const host = String(options.host || 'localhost');
  const port = Number(options.port);
  if (!(port > 0 && port < 65536))
    throw Object.assign(new RangeError(`Port should be > 0 and < 65536. Received ${options.port}.`), { code: 'ERR_SOCKET_BAD_PORT' });
  if (done) this.once('connect', done);
  if (this.destroyed) this._undestroy(); // a socket may connect again
  this.connecting = true;
  call('connect', { host, port }, (error, result) => {
    if (this.destroyed) return;
    if (error) refuse(this, error, host, port);
    else openTunnel(this, result);
  });
  return this;
}

// TLS is spoken over a plain socket that goes the same way: the ticket is not the other side's business.
function connectSecure(...args) {
  const [options, done] = net._normalizeArgs(args);
  const given = typeof args[1] === 'object' && args[1] !== null ? args[1] : typeof args[2] === 'object' && args[2] !== null ? args[2] : {};
  const all = { ...options, ...given };
  if (all.socket || inSandbox(all)) return apply(connectTls, tls, args);
  const host = all.host || 'localhost';
  const plain = new net.Socket();
  plain.connect({ host, port: all.port });
  const secure = apply(connectTls, tls, [
    { ...all, host, socket: plain, servername: all.servername ?? (net.isIP(host) ? '' : host) },
    done ?? undefined,
  ]);
  plain.on('error', error => secure.destroy(error));
  return secure;
}

function lookup(host, options, done) {
  if (typeof options === 'function') [options, done] = [{}, options];
  const { family = 0, all = false } = typeof options === 'number' ? { family: options } : (options ?? {});
  call('lookup', { host: String(host) }, (error, result) => {
    const found = error ? [] : result.addresses.filter(a => !family || a.family === Number(family));
    if (found.length === 0) return done(failure(error ?? unknown(host), { syscall: 'getaddrinfo', hostname: host }));
    return all ? done(null, found) : done(null, found[0].address, found[0].family);
  });
}

// dns.resolve4(host, options?, done) and its like.
function resolveAs(family, host, options, done = options) {
  lookup(host, { family, all: true }, (error, found) => done(error, error ? undefined : found.map(a => a.address)));
}

function unavailable(name, args) {
  const error = Object.assign(new Error(`dns.${name}() is not available to scripts`), { code: 'ENOTIMP' });
  const done = args.at(-1);
  if (typeof done !== 'function') throw error;
  process.nextTick(done, error);
}

const recordTypes = { A: 4, AAAA: 6 };
function resolve(host, type, done = type) {
  if (done !== type && !Object.hasOwn(recordTypes, type)) return unavailable('resolve', [done]);
  return resolveAs(recordTypes[type] ?? 4, host, done);
}

function promised(method) {
  return (...args) => new Promise((resolve, reject) => method(...args, (error, value) => (error ? reject(error) : resolve(value))));
}

const lookups = { lookup, resolve, resolve4: (...args) => resolveAs(4, ...args), resolve6: (...args) => resolveAs(6, ...args) };
const absent = words(`
  resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTlsa resolveTxt
  reverse lookupService setServers
`);

function installDns() {
  const methods = { ...lookups, ...Object.fromEntries(absent.map(name => [name, (...args) => unavailable(name, args)])) };
  for (const owner of [dns, dns.Resolver.prototype])
    for (const [name, method] of Object.entries(methods)) if (name in owner) owner[name] = method;
  const promises = Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, promised(method)]));
  promises.lookup = (host, options) =>
    new Promise((resolve, reject) => {
      lookup(host, options ?? {}, (error, address, family) =>
        error ? reject(error) : resolve(options?.all ? address : { address, family }),
      );
    });
  for (const owner of [dns.promises, dns.promises.Resolver.prototype])
    for (const [name, method] of Object.entries(promises)) if (name in owner) owner[name] = method;
}

// `path`: of the Unix socket that is the way out.
function install(sendFrame, path) {
  send = sendFrame;
  egress = path;
  net.Socket.prototype.connect = connect;
  tls.connect = connectSecure;
  installDns();
}

module.exports = { install, reply };
