'use strict';
// Ending or refusing a transaction, and what becomes of messages.
const { arg, text, oneOf } = require('./check.js');

const codeOfClientCredentials = oneOf('invalid_scope', 'invalid_request', 'server_error');

module.exports = [
  { method: 'access.deny', triggers: ['post-login', 'password-reset-post-challenge'], args: [arg('reason', text())], ends: true,
    does: 'the transaction fails with access_denied and the reason; metadata is still saved' },
  { method: 'access.deny', triggers: ['credentials-exchange'], args: [arg('code', codeOfClientCredentials), arg('reason', text())], ends: true,
    does: 'the token request fails with the code and the reason' },
  { method: 'access.deny', triggers: ['pre-user-registration'], args: [arg('reason', text()), arg('userMessage', text())], ends: true,
    does: 'the user is not created; the reason goes to the log, the message to the person' },
  { method: 'access.deny', triggers: ['custom-token-exchange'], args: [arg('code', text({ empty: false })), arg('reason', text())], ends: true,
    does: 'the token request fails with the code and the reason' },
  { method: 'access.rejectInvalidSubjectToken', triggers: ['custom-token-exchange'], args: [arg('reason', text())], ends: true,
    does: 'the token request fails, and counts towards attack protection of the address' },
  { method: 'validation.error', triggers: ['post-login', 'pre-user-registration'], args: [arg('code', text({ empty: false })), arg('message', text())], ends: true,
    does: 'the person sees a validation error; the transaction is not completed' },
  { method: 'notification.drop', triggers: ['custom-email-provider', 'custom-phone-provider'], args: [arg('reason', text({ characters: 1024 }))], ends: true,
    does: 'the message is given up' },
  { method: 'notification.retry', triggers: ['custom-email-provider', 'custom-phone-provider'], args: [arg('reason', text({ characters: 1024 }))], ends: true,
    does: 'the message is tried again later, five times at most' },
];
