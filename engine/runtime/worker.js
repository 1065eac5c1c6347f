'use strict';
// A worker process: takes frames from the supervisor on descriptor 3 and runs scripts (README.md). Nothing of it is trusted outside.
const frames = require('./frames.js');
const guard = require('./guard.js');
const network = require('./network.js');
const runs = require('./run.js');
const scripts = require('./scripts.js');
const scriptConsole = require('./console.js');
const processFace = require('./process.js');
const contracts = { ...require('./contracts/callback.js'), action: require('./contracts/action.js') };
const { InvalidScript } = require('./errors.js');
const { warm } = require('./warm.js');
const build = require('./contracts/build.js');

const exit = process.reallyExit.bind(process);
const { send } = frames.open(take, () => exit(0));
let retired = false;

function restoreBuiltins() {
  if (guard.repair() || retired) return;
  retired = true;
  send('{"type":"retire","reason":"built-in objects cannot be restored"}');
}

const worker = { send, restoreBuiltins };

const unknown = {
  start: one => {
    throw new InvalidScript(`there is no contract ${one.run.frame.contract}`);
  },
  output: () => ({}),
};

function run(frame) {
  if (frame.contract === 'build') return send(JSON.stringify({ type: 'done', id: frame.id, output: build.output(frame.input) }));
  return runs.start(frame, Object.hasOwn(contracts, frame.contract) ? contracts[frame.contract] : unknown, worker);
}

const handlers = { load: scripts.load, run, reply: network.reply, cancel: frame => runs.cancel(frame.id, frame.kind) };

function take(frame) {
  restoreBuiltins();
  if (Object.hasOwn(handlers, frame?.type)) handlers[frame.type](frame);
}

process.on('uncaughtException', runs.failUncaught);
process.on('unhandledRejection', runs.failRejected);
scriptConsole.install();
network.install(send, process.argv[2] ?? '/run/egress.sock');
processFace.install();
guard.seal();
warm();
// After the promises of the warming have settled.
setImmediate(() => send(JSON.stringify({ type: 'ready', protocol: 1, node: process.versions.node })));
