'use strict';
// `console` of scripts and of their modules: every line goes to the supervisor at once, named by the script that said it.
const { Console } = require('node:console');
const { Writable } = require('node:stream');
const { format } = require('node:util');
const { responsible } = require('./run.js');
const { now, slice, stringify, freeze, apply } = require('./primordials.js');

const TEXT_MAX = 16 * 1024; // characters of one line
const SCRIPT_MAX = 256 * 1024; // of all lines of a script
const LINES_MAX = 1000;
const levels = freeze(['debug', 'log', 'info', 'warn', 'error']);

function frame(one, level, text) {
  return `{"type":"console","id":${one.run.frame.id},"script":${one.index},"level":"${level}","text":${stringify(text)},"at":${now()}}`;
}

function say(level, text) {
  const one = responsible();
  if (!one || one.muted) return;
  const cut = text.length > TEXT_MAX ? `${slice(text, 0, TEXT_MAX - 1)}…` : text;
  one.said += cut.length;
  one.muted = ++one.lines > LINES_MAX || one.said > SCRIPT_MAX;
  one.run.worker.send(one.muted ? frame(one, 'warn', 'the script says too much; the rest is dropped') : frame(one, level, cut));
}

const withoutNewline = text => (text[text.length - 1] === '\n' ? slice(text, 0, -1) : text);
const stream = level =>
  new Writable({
    decodeStrings: false,
    write(text, encoding, done) {
      say(level, withoutNewline(String(text)));
      done();
    },
  });

// What is written to standard output and error is said too: many modules log that way.
function install() {
  const [stdout, stderr] = [stream('log'), stream('error')];
  const made = new Console({ stdout, stderr, colorMode: false });
  for (const level of levels) made[level] = (...args) => say(level, apply(format, undefined, args));
  made.Console = Console;
  globalThis.console = made;
  Object.defineProperty(process, 'stdout', { value: stdout, configurable: true });
  Object.defineProperty(process, 'stderr', { value: stderr, configurable: true });
}

module.exports = { install };
