'use strict';
// `api` of Actions, made of rows. A row: `method` below api; `triggers` that have it; `args` with their checks; `before(one, args)` for what
// else has to hold and what is visible at once; `answer(one, args)` when it gives an answer instead of api, as a `promise` or not, and
// then only `commands` the server where that is said; `ends` when no later Action runs; `does` and, while Durward has no such feature, `absent`, for docs/reference/actions-api.md.
const { sayer } = require('./check.js');
const { InvalidScript } = require('../errors.js');
const { isTooDeep, DEPTH_MAX } = require('../text.js');
const { stringify, defineProperty, freeze } = require('../primordials.js');

const ARGUMENTS_MAX = 128 * 1024; // characters of JSON

const rows = freeze([
  ...require('./access.js'),
  ...require('./tokens.js'),
  ...require('./user.js'),
  ...require('./authentication.js'),
  ...require('./cache.js'),
  ...require('./saml.js'),
]);

// Trigger → the functions an Action exports.
const handlers = freeze({
  __proto__: null,
  'post-login': { execute: 'onExecutePostLogin', resume: 'onContinuePostLogin' },
  'credentials-exchange': { execute: 'onExecuteCredentialsExchange' },
  'pre-user-registration': { execute: 'onExecutePreUserRegistration' },
  'post-user-registration': { execute: 'onExecutePostUserRegistration' },
  'post-change-password': { execute: 'onExecutePostChangePassword' },
  'send-phone-message': { execute: 'onExecuteSendPhoneMessage' },
  'custom-email-provider': { execute: 'onExecuteCustomEmailProvider' },
  'custom-phone-provider': { execute: 'onExecuteCustomPhoneProvider' },
  'password-reset-post-challenge': { execute: 'onExecutePostChallenge', resume: 'onContinuePostChallenge' },
  'custom-token-exchange': { execute: 'onExecuteCustomTokenExchange' },
  'event-stream': { execute: 'onExecuteEventStream' },
  'signup-post-identifier': { execute: 'onExecuteSignupPostIdentifier' },
  'login-post-identifier': { execute: 'onExecuteLoginPostIdentifier' },
});

const checked = (row, given) => row.args.map((arg, i) => arg.check(given[i], row.sayers[i]));

// Absent arguments at the end are left out, so that a claim that is set to undefined differs from null.
function written(row, args) {
  while (args.length > 0 && args[args.length - 1] === undefined) --args.length;
  const text = stringify(args);
  if (isTooDeep(text)) throw new Error(`api.${row.method}: nested more than ${DEPTH_MAX} deep`);
  if (text.length > ARGUMENTS_MAX) throw new Error(`api.${row.method}: more than ${ARGUMENTS_MAX} characters`);
  return text;
}

function perform(row, one, api, given) {
  if (one.ended) throw new Error(`api.${row.method}: the Action has ended`);
  const args = checked(row, given);
  if (row.answer) return row.answer(one, args);
  row.before?.(one, args);
  one.command(row.method, written(row, args));
  if (row.ends) one.ends = true;
  return api;
}

function methodOf(row, one, api) {
  return row.promise ? async (...given) => perform(row, one, api, given) : (...given) => perform(row, one, api, given);
}

const space = (rows, one, api) => freeze(Object.fromEntries(rows.map(row => [row.name, methodOf(row, one, api)])));

function spacesOf(trigger) {
  const spaces = {};
  for (const row of rows.filter(r => r.triggers.includes(trigger))) {
    const [spaceName, name] = row.method.split('.');
    (spaces[spaceName] ??= []).push({ ...row, name, sayers: row.args.map(a => sayer(row.method, a.name)) });
  }
  return spaces;
}

// Methods are made when a script first reaches for their group: most use one or two of sixteen.
function apiClass(spaces) {
  class Api {
    #one;
    #made = { __proto__: null };
    constructor(one) {
      this.#one = one;
    }
    static {
      for (const [name, rows] of Object.entries(spaces)) {
        defineProperty(this.prototype, name, {
          enumerable: true,
          get() {
            return (this.#made[name] ??= space(rows, this.#one, this));
          },
        });
      }
    }
  }
  freeze(Api.prototype);
  return Api;
}

const classes = Object.fromEntries(Object.keys(handlers).map(trigger => [trigger, apiClass(spacesOf(trigger))]));

function apiOf(one) {
  return new classes[one.run.frame.trigger](one);
}

function handlersOf(trigger) {
  if (handlers[trigger]) return handlers[trigger];
  throw new InvalidScript(`there is no trigger ${trigger}`);
}

module.exports = { apiOf, handlersOf, rows, handlers };
