'use strict';
// Actions: `exports.onExecute…(event, api)`, one after the other over one transaction.
const { find } = require('../scripts.js');
const { InvalidScript } = require('../errors.js');
const { apiOf, handlersOf } = require('../api/index.js');
const { then, resolved, parse, stringify, hasOwn } = require('../primordials.js');

// What an Action sees: an event of its own, with what earlier ones did that is visible at once.
function eventFor(one) {
  const { run } = one;
  const first = one.index === 0;
  const event = first ? run.frame.input.event : parse(run.eventText);
  event.secrets = one.named.secrets ?? {};
  event.configuration = {};
  if (!first) {
    if (run.metadata) (event.transaction ??= {}).metadata = { ...run.metadata };
    if (run.recorded.length > 0) (event.authentication ??= {}).methods = [...(event.authentication.methods ?? []), ...run.recorded];
  }
  return event;
}

// Actions of the first version gave back what they wanted; only their triggers' second version is spoken here.
function refuseFirstVersion(value) {
  if (value !== null && typeof value === 'object' && hasOwn(value, 'command')) {
    throw new InvalidScript(
      'the Action returned a command object, as the first version of its trigger did; call the methods of api instead',
    );
  }
}

function finishWith(one, value) {
  try {
    refuseFirstVersion(value);
    one.settle();
  } catch (error) {
    one.settle(error, true);
  }
}

// The handler to call, undefined when an Action has nothing to do when the person comes back.
function handlerFor(one, exported) {
  const { execute, resume } = handlersOf(one.run.frame.trigger);
  const resuming = one.index === 0 && one.run.frame.handler === resume;
  const name = one.index === 0 ? one.run.frame.handler : execute;
  if (typeof exported?.[name] === 'function') return exported[name];
  if (resuming) return undefined;
  throw new InvalidScript(`the Action does not export a function ${name}`);
}

module.exports = {
  prepare(run) {
    const { input, scripts } = run.frame;
    input.event ??= {};
    run.eventText = scripts.length > 1 ? stringify(input.event) : '';
    run.metadata = input.event.transaction?.metadata && { ...input.event.transaction.metadata };
    run.recorded = [];
    run.metadataWritten = {};
  },
  start(one) {
    const handler = handlerFor(one, find(one.named).exports());
    if (!handler) return one.settle();
    one.event = eventFor(one);
    const returned = handler(one.event, apiOf(one));
    if (typeof returned?.then !== 'function') return finishWith(one, returned);
    return then(
      resolved(returned),
      value => finishWith(one, value),
      error => one.settle(error, true),
    );
  },
  output: () => ({}),
};
