'use strict';
// Rules, hooks and database scripts: one function that ends by calling back.
const { find } = require('../scripts.js');
const { managementClient } = require('../management.js');
const { then, resolved } = require('../primordials.js');

// An async function may reject instead of calling back; that it fulfils says nothing.
function failIfRejected(one, returned) {
  if (typeof returned?.then === 'function') then(resolved(returned), undefined, error => one.settle(error, true));
}

const asObject = value => (value !== null && typeof value === 'object' ? value : undefined);

const rule = {
  prepare(run) {
    run.shared = { user: run.frame.input.user, context: run.frame.input.context };
  },
  start(one) {
    const { run } = one;
    const call = find(one.named).callable(run.frame.input.configuration ?? {}, managementClient(run.frame.input.auth0));
    failIfRejected(
      one,
      call(run.shared.user, run.shared.context, (error, user, context) => {
        if (one.ended) return;
        run.shared.user = asObject(user) ?? run.shared.user;
        run.shared.context = asObject(context) ?? run.shared.context;
        one.settle(error || undefined);
      }),
    );
  },
  output: run => run.shared,
};

// Hooks find their secrets in the context they are given.
function withSecrets(values, secrets) {
  const context = asObject(values.at(-1));
  if (context) context.webtask = { ...context.webtask, secrets: { ...secrets } };
  return values;
}

function oneCall(argumentsOf) {
  return {
    start(one) {
      const { input } = one.run.frame;
      const call = find(one.named).callable(input.configuration ?? {}, undefined);
      failIfRejected(
        one,
        call(...argumentsOf(input.arguments ?? [], one.named.secrets ?? {}), (error, ...values) => {
          if (one.ended) return;
          one.run.answered = values;
          one.settle(error || undefined);
        }),
      );
    },
    output: run => ({ arguments: run.answered ?? [] }),
  };
}

module.exports = { rule, hook: oneCall(withSecrets), database: oneCall(values => values) };
