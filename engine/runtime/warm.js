'use strict';
// Runs a script of our own a few times before the worker says that it is ready: what Node.js loads and compiles when it is first used is
// then there, and the first call of a tenant takes a third of the time.
const runs = require('./run.js');
const scripts = require('./scripts.js');
const action = require('./contracts/action.js');
const { rule } = require('./contracts/callback.js');
const guard = require('./guard.js');

const ROUNDS = 40;
const silent = { send() {}, restoreBuiltins: guard.repair };
const actionCode = `exports.onExecutePostLogin = async (event, api) => {
  console.log('%s', event.user.user_id, event);
  api.idToken.setCustomClaim('warm', event.secrets);
  api.accessToken.setCustomClaim('warm', true);
  api.user.setUserMetadata('warm', 1);
  await null;
};`;
const ruleCode = 'function (user, context, callback) { callback(null, user, context); }';

const event = () => ({ user: { user_id: 'warm' }, transaction: {} });

function warm() {
  scripts.compile('exports.warm = 1', scripts.moduleScope, 'warm');
  for (let i = 0; i < ROUNDS; ++i) {
    runs.start(
      {
        id: 0,
        trigger: 'post-login',
        handler: 'onExecutePostLogin',
        scripts: [{ code: actionCode, secrets: {} }],
        input: { event: event() },
      },
      action,
      silent,
    );
    runs.start({ id: 0, trigger: 'rule', scripts: [{ code: ruleCode }], input: { user: {}, context: {} } }, rule, silent);
  }
}

module.exports = { warm };
