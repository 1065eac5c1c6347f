'use strict';
// Ending or refusing a transaction, and what becomes of messages.
const { arg, row, text, oneOf } = require('./check.js');

const codeOfClientCredentials = oneOf('invalid_scope', 'invalid_request', 'server_error');

const providers = ['custom-email-provider', 'custom-phone-provider'];

module.exports = [
  row(
    'access.deny',
    ['post-login', 'password-reset-post-challenge'],
    [arg('reason', text())],
    'the transaction fails with access_denied and the reason; metadata is still saved',
    { ends: true },
  ),
  row(
    'access.deny',
    ['credentials-exchange'],
    [arg('code', codeOfClientCredentials), arg('reason', text())],
    'the token request fails with the code and the reason',
    { ends: true },
  ),
  row(
    'access.deny',
    ['pre-user-registration'],
    [arg('reason', text()), arg('userMessage', text())],
    'the user is not created; the reason goes to the log, the message to the person',
    { ends: true },
  ),
  row(
    'access.deny',
    ['custom-token-exchange'],
    [arg('code', text({ empty: false })), arg('reason', text())],
    'the token request fails with the code and the reason',
    { ends: true },
  ),
  row(
    'access.rejectInvalidSubjectToken',
    ['custom-token-exchange'],
    [arg('reason', text())],
    'the token request fails, and counts towards attack protection of the address',
    { ends: true },
  ),
  row(
    'validation.error',
    ['post-login', 'pre-user-registration'],
    [arg('code', text({ empty: false })), arg('message', text())],
    'the person sees a validation error; the transaction is not completed',
    { ends: true },
  ),
  row('notification.drop', providers, [arg('reason', text({ characters: 1024 }))], 'the message is given up', { ends: true }),
  row(
    'notification.retry',
    providers,
    [arg('reason', text({ characters: 1024 }))],
    'the message is tried again later, five times at most',
    { ends: true },
  ),
];
