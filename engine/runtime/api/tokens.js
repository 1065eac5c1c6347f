'use strict';
// Claims, scopes, refresh tokens and sessions.
const { arg, row, text, scope, json, list, epoch, boolean, oneOf, options, withDefault } = require('./check.js');

const claim = [arg('name', text({ empty: false })), arg('value', json)];
const key = arg('key', text({ empty: false, characters: 255 }));
const login = ['post-login'];

function onlyAtRefresh(one) {
  if (one.event.transaction?.protocol === 'oauth2-refresh-token') return;
  throw new Error('api.refreshToken.revoke: may only be called when event.transaction.protocol is oauth2-refresh-token');
}

module.exports = [
  row('accessToken.setCustomClaim', ['post-login', 'credentials-exchange'], claim, 'a claim of the access token; undefined takes it back'),
  row('idToken.setCustomClaim', login, claim, 'a claim of the ID token; undefined takes it back'),
  row('accessToken.addScope', login, [arg('scope', scope)], 'one more scope'),
  row('accessToken.removeScope', login, [arg('scope', scope)], 'one scope less'),
  row('transaction.addTargetScope', ['credentials-exchange'], [arg('scope', scope)], 'one more scope of the token'),
  row('transaction.removeTargetScope', ['credentials-exchange'], [arg('scope', scope)], 'one scope less'),
  row('transaction.setTargetScopes', ['credentials-exchange'], [arg('scopes', list(scope))], 'exactly these scopes'),
  row('transaction.clearTargetScopes', ['credentials-exchange'], [], 'no scope'),

  row('refreshToken.revoke', login, [arg('reason', text())], 'ends the refresh token and denies; only in a refresh', {
    ends: true,
    before: onlyAtRefresh,
  }),
  row('refreshToken.setExpiresAt', login, [arg('absolute', epoch)], 'an earlier end of the refresh token; the earliest of several calls'),
  row('refreshToken.setIdleExpiresAt', login, [arg('idle', epoch)], 'an earlier end when it is not used'),
  row('refreshToken.setMetadata', login, [key, arg('value', text({ characters: 255 }))], 'an entry of the refresh token’s metadata'),
  row('refreshToken.deleteMetadata', login, [key], 'removes an entry'),
  row('refreshToken.evictMetadata', login, [], 'removes all entries'),

  row(
    'session.revoke',
    login,
    [arg('reason', text()), arg('options', options({ preserveRefreshTokens: withDefault(boolean, false) }))],
    'ends the session, with its refresh tokens unless they are to be preserved, and denies',
    { ends: true },
  ),
  row('session.setExpiresAt', login, [arg('absolute', epoch)], 'an earlier end of the session; the earliest of several calls'),
  row('session.setIdleExpiresAt', login, [arg('idle', epoch)], 'an earlier end when it is not used'),
  row(
    'session.setCookieMode',
    login,
    [arg('mode', oneOf('persistent', 'non-persistent'))],
    'whether the session’s cookie outlives the browser',
  ),
  row('session.setMetadata', login, [key, arg('value', text({ characters: 255 }))], 'an entry of the session’s metadata'),
  row('session.deleteMetadata', login, [key], 'removes an entry'),
  row('session.evictMetadata', login, [], 'removes all entries'),
];
