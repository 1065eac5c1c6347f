'use strict';
// A call under way: its scripts one after the other, each with what it has said and asked for so far.
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, Cancelled, TooMuchOutput } = require('./errors.js');
const { isTooDeep, DEPTH_MAX } = require('./text.js');
const { now, stringify, arrayPush, arrayJoin, mapGet, mapSet, mapDelete, Map, Error } = require('./primordials.js');

const COMMANDS_MAX = 200;
const RESULT_MAX = 1024 * 1024; // characters of a `result` and of an `output`

const storage = new AsyncLocalStorage();
const enter = storage.run.bind(storage);
// The script that the running code belongs to, whichever of several calls it is.
const current = storage.getStore.bind(storage);
const active = new Map();

// One script of a run, from its start to its result.
class ScriptRun {
  constructor(run, index) {
    this.run = run;
    this.index = index;
    this.named = run.frame.scripts[index];
    this.commands = [];
    this.commandsSize = 0;
    this.said = 0; // characters
    this.lines = 0;
    this.ended = false;
    this.ends = false; // no later script runs
    this.startedAt = now();
  }

  // name and arguments as JSON text: later changes of an object do not change what was asked for.
  command(name, args) {
    if (this.commands.length >= COMMANDS_MAX) throw new Error(`a script may call at most ${COMMANDS_MAX} methods that change something`);
    const text = `{"name":"${name}","args":${args}}`;
    this.commandsSize += text.length;
    if (this.commandsSize > RESULT_MAX) throw new Error('a script asked for more changes than fit');
    arrayPush(this.commands, text);
  }

  start() {
    this.starting = true;
    try {
      enter(this, begin, this);
    } catch (error) {
      this.settle(error, true);
    }
    this.starting = false;
    if (this.ended) this.finish();
  }

  // Once, by the first of: the function returned, its promise, its callback, an uncaught error, a cancel.
  settle(error, failed = error !== undefined && error !== null) {
    if (this.ended) return;
    this.ended = true;
    this.failure = failed ? { error } : undefined;
    if (!this.starting) this.finish();
  }

  finish() {
    this.run.worker.restoreBuiltins();
    const failed = this.failure && describe(this.failure.error);
    const last = failed || this.ends || this.index + 1 === this.run.frame.scripts.length;
    if (last) {
      const { output, error } = failed ? { output: '{}', error: failed } : outputOf(this.run);
      return this.run.end(output, this.resultText(error));
    }
    this.run.worker.send(this.resultText());
    return this.run.next();
  }

  resultText(error) {
    const head = `{"type":"result","id":${this.run.frame.id},"script":${this.index},"result":{"id":${stringify(this.named.id ?? '')},"name":${stringify(this.named.name ?? '')}`;
    return `${head},"started_at":${this.startedAt},"ended_at":${now()},"commands":[${arrayJoin(this.commands, ',')}]${error ? `,"error":${stringify(error)}` : ''}}}`;
  }
}

const begin = one => one.run.contract.start(one);

// What a run gives back, as JSON text, or why that cannot be.
function outputOf(run) {
  try {
    const output = stringify(run.contract.output(run));
    if (isTooDeep(output)) throw new TooMuchOutput(`the script gave back something nested more than ${DEPTH_MAX} deep`);
    if (output.length > RESULT_MAX) throw new TooMuchOutput(`the script gave back ${output.length} characters; ${RESULT_MAX} are the most`);
    return { output };
  } catch (thrown) {
    return { output: '{}', error: describe(thrown) };
  }
}

class Run {
  constructor(frame, contract, worker) {
    this.frame = frame;
    this.contract = contract;
    this.worker = worker;
    this.index = -1;
    this.over = false;
    mapSet(active, frame.id, this);
    contract.prepare?.(this);
  }

  next() {
    ++this.index;
    if (this.index >= this.frame.scripts.length) return this.end('{}');
    this.script = new ScriptRun(this, this.index);
    return this.script.start();
  }

  end(output, result) {
    this.over = true;
    mapDelete(active, this.frame.id);
    const done = `{"type":"done","id":${this.frame.id},"output":${output}}`;
    if (result) this.worker.send(result, done);
    else this.worker.send(done);
  }
}

// {frame, contract, worker}: starts at once; worker has send(text, next?) and restoreBuiltins().
function start(frame, contract, worker) {
  new Run(frame, contract, worker).next();
}

function cancel(id, kind = 'timeout') {
  mapGet(active, id)?.script.settle(new Cancelled(kind), true);
}

// The script in progress that the running code belongs to. Code that lost its context, or has that of a run that is over (callbacks of a
// pooled connection run where it was opened), belongs to the only run under way, if there is only one.
function responsible() {
  const one = current();
  if (one && !one.ended) return one;
  return active.size === 1 ? active.values().next().value.script : undefined;
}

// An error nobody caught fails the script it came from; one of unknown origin fails all, as it would end a process.
function failUncaught(error) {
  const one = responsible();
  if (one) return one.settle(error, true);
  if (!current()) for (const run of [...active.values()]) run.script.settle(error, true);
}

// A promise keeps its context: one that was left behind by a run that is over concerns nobody.
function failRejected(reason) {
  if (current()) current().settle(reason, true);
  else failUncaught(reason);
}

// The id of the run that the running code belongs to, while it is under way.
function currentId() {
  const run = current()?.run;
  return run && !run.over ? run.frame.id : undefined;
}

module.exports = { start, cancel, responsible, failUncaught, failRejected, currentId };
