'use strict';
// Claims, scopes, refresh tokens and sessions.
const { arg, text, scope, json, list, epoch, boolean, oneOf, options, withDefault } = require('./check.js');

const claim = [arg('name', text({ empty: false })), arg('value', json)];
const key = arg('key', text({ empty: false, characters: 255 }));
const login = ['post-login'];

function onlyAtRefresh(one) {
  if (one.event.transaction?.protocol === 'oauth2-refresh-token') return;
  throw new Error('api.refreshToken.revoke: may only be called when event.transaction.protocol is oauth2-refresh-token');
}

module.exports = [
  { method: 'accessToken.setCustomClaim', triggers: ['post-login', 'credentials-exchange'], args: claim, does: 'a claim of the access token; undefined takes it back' },
  { method: 'idToken.setCustomClaim', triggers: login, args: claim, does: 'a claim of the ID token; undefined takes it back' },
  { method: 'accessToken.addScope', triggers: login, args: [arg('scope', scope)], does: 'one more scope' },
  { method: 'accessToken.removeScope', triggers: login, args: [arg('scope', scope)], does: 'one scope less' },
  { method: 'transaction.addTargetScope', triggers: ['credentials-exchange'], args: [arg('scope', scope)], does: 'one more scope of the token' },
  { method: 'transaction.removeTargetScope', triggers: ['credentials-exchange'], args: [arg('scope', scope)], does: 'one scope less' },
  { method: 'transaction.setTargetScopes', triggers: ['credentials-exchange'], args: [arg('scopes', list(scope))], does: 'exactly these scopes' },
  { method: 'transaction.clearTargetScopes', triggers: ['credentials-exchange'], args: [], does: 'no scope' },

  { method: 'refreshToken.revoke', triggers: login, args: [arg('reason', text())], ends: true, before: onlyAtRefresh, does: 'ends the refresh token and denies; only in a refresh' },
  { method: 'refreshToken.setExpiresAt', triggers: login, args: [arg('absolute', epoch)], does: 'an earlier end of the refresh token; the earliest of several calls' },
  { method: 'refreshToken.setIdleExpiresAt', triggers: login, args: [arg('idle', epoch)], does: 'an earlier end when it is not used' },
  { method: 'refreshToken.setMetadata', triggers: login, args: [key, arg('value', text({ characters: 255 }))], does: 'an entry of the refresh token’s metadata' },
  { method: 'refreshToken.deleteMetadata', triggers: login, args: [key], does: 'removes an entry' },
  { method: 'refreshToken.evictMetadata', triggers: login, args: [], does: 'removes all entries' },

  { method: 'session.revoke', triggers: login, args: [arg('reason', text()), arg('options', options({ preserveRefreshTokens: withDefault(boolean, false) }))], ends: true,
    does: 'ends the session, with its refresh tokens unless they are to be preserved, and denies' },
  { method: 'session.setExpiresAt', triggers: login, args: [arg('absolute', epoch)], does: 'an earlier end of the session; the earliest of several calls' },
  { method: 'session.setIdleExpiresAt', triggers: login, args: [arg('idle', epoch)], does: 'an earlier end when it is not used' },
  { method: 'session.setCookieMode', triggers: login, args: [arg('mode', oneOf('persistent', 'non-persistent'))], does: 'whether the session’s cookie outlives the browser' },
  { method: 'session.setMetadata', triggers: login, args: [key, arg('value', text({ characters: 255 }))], does: 'an entry of the session’s metadata' },
  { method: 'session.deleteMetadata', triggers: login, args: [key], does: 'removes an entry' },
  { method: 'session.evictMetadata', triggers: login, args: [], does: 'removes all entries' },
];
