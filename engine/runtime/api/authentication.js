'use strict';
// Factors, methods, account linking, and leaving for another page.
const { createHmac, timingSafeEqual } = require('node:crypto');
const {
  arg,
  row,
  text,
  boolean,
  oneOf,
  optional,
  options,
  withDefault,
  webUrl,
  dictionary,
  list,
  number,
  isObject,
} = require('./check.js');
const { now, stringify, parse, hasOwn } = require('../primordials.js');

const login = ['post-login'];
const interactive = ['post-login', 'password-reset-post-challenge'];
const noFactors = 'no user has a factor yet: none remains, and the transaction fails';
const browserProtocols = new Set(['oidc-basic-profile', 'oidc-implicit-profile', 'oidc-hybrid-profile', 'samlp', 'wsfed']);

const factorTypes = ['otp', 'push-notification', 'push', 'phone', 'webauthn-platform', 'webauthn-roaming', 'recovery-code'];
const factorOptions = {
  phone: options({ preferredMethod: optional(oneOf('sms', 'voice', 'both')) }),
  'push-notification': options({ otpFallback: optional(boolean) }),
};

// {type, options}; `push` is the old name of push-notification.
const factor = types => (value, say) => {
  if (!isObject(value)) throw say('must be an object with a type');
  const type = oneOf(...types)(value.type, sentence => say(sentence, 'type'));
  const name = type === 'push' ? 'push-notification' : type;
  if (value.options === undefined) return { type: name };
  return { type: name, options: (factorOptions[name] ?? options({}))(value.options, sentence => say(sentence, 'options')) };
};
const toChallenge = factor([...factorTypes, 'email']);
const toEnroll = factor(factorTypes);
const more = check => arg('options', options({ additionalFactors: optional(list(check)) }));

const providerOptions = options({ host: optional(text()), ikey: optional(text()), skey: optional(text()), username: optional(text()) });

// Recorded methods stand in event.authentication.methods of later Actions.
function record(one, [url]) {
  const { trigger, handler } = one.run.frame;
  if (one.index !== 0 || handler !== 'onContinuePostLogin' || trigger !== 'post-login')
    throw new Error('api.authentication.recordMethod: may only be called in onContinuePostLogin');
  one.run.recorded.push({ name: url, timestamp: new Date(now()).toISOString() });
}

function onePrimary(one) {
  if (one.run.primary) throw new Error('api.authentication.setPrimaryUser: was already called in this transaction');
  one.run.primary = true;
}

// Session tokens: JWT with HS256 (RFC 7519, RFC 7515 §3.2), between the tenant and its own page.
const encode = text => Buffer.from(text).toString('base64url');
const digest = (secret, signed) => createHmac('sha256', secret).update(signed).digest();
const HEADER = encode('{"alg":"HS256","typ":"JWT"}');

function encodeToken(one, [{ secret, payload, expiresInSeconds }]) {
  const at = Math.floor(now() / 1000);
  const { request, user } = one.event;
  const claims = { ...payload, iss: request?.hostname, sub: user?.user_id, iat: at, exp: at + expiresInSeconds, ip: request?.ip };
  const signed = `${HEADER}.${encode(stringify(claims))}`;
  return `${signed}.${digest(secret, signed).toString('base64url')}`;
}

const invalid = why => new Error(`The session token is invalid: ${why}`);
const TOKEN = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

function readJson(part) {
  try {
    return parse(Buffer.from(part, 'base64url').toString());
  } catch {
    throw invalid('it is not a JWT');
  }
}

// The token came back with the person, in the query or the body of /continue.
function presented(one, name) {
  const back = one.run.frame.input.continue ?? {};
  if (hasOwn(back.query ?? {}, name)) return back.query[name];
  return hasOwn(back.body ?? {}, name) ? back.body[name] : undefined;
}

function validateToken(one, [{ secret, tokenParameterName }]) {
  const token = presented(one, tokenParameterName);
  if (typeof token !== 'string') throw invalid(`there is no parameter ${tokenParameterName}`);
  const [, header, payload, signature] = TOKEN.exec(token) ?? [];
  if (!header) throw invalid('it is not a JWT');
  if (readJson(header)?.alg !== 'HS256') throw invalid('its algorithm is not HS256');
  const [expected, given] = [digest(secret, `${header}.${payload}`), Buffer.from(signature, 'base64url')];
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) throw invalid('its signature is wrong');
  const claims = readJson(payload);
  if (typeof claims?.exp !== 'number' || claims.exp * 1000 <= now()) throw invalid('it has expired');
  if (typeof claims.state !== 'string' || claims.state !== one.run.frame.input.continue?.state)
    throw invalid('its state is not the one of this transaction');
  return claims;
}

function canRedirect(one) {
  if (one.run.frame.trigger === 'password-reset-post-challenge') return true;
  const { protocol, prompt } = one.event.transaction ?? {};
  if (!browserProtocols.has(protocol)) return false;
  return !prompt?.includes('none');
}

// The query is part of the URL from here on; the server adds `state`.
function withQuery(one, args) {
  const target = new URL(args[0]);
  for (const [name, value] of Object.entries(args[1].query ?? {})) target.searchParams.set(name, value);
  args[0] = target.href;
  args.length = 1;
}

const secret = text({ empty: false });
const encodeOptions = options({
  secret,
  payload: withDefault(dictionary, {}),
  expiresInSeconds: withDefault(number({ min: 1, max: 86400 * 30, integer: true }), 900),
});
const validateOptions = options({ secret, tokenParameterName: withDefault(text({ empty: false }), 'session_token') });

module.exports = [
  row(
    'authentication.challengeWith',
    interactive,
    [arg('factor', toChallenge), more(toChallenge)],
    'asks for a factor before the next Action',
    { ends: true, absent: noFactors },
  ),
  row('authentication.challengeWithAny', interactive, [arg('factors', list(toChallenge, { min: 1 }))], 'asks for one of several', {
    ends: true,
    absent: noFactors,
  }),
  row('authentication.enrollWith', login, [arg('factor', toEnroll), more(toEnroll)], 'lets the person enroll a factor', {
    ends: true,
    absent: 'no factor is enabled yet: none remains, and the login fails',
  }),
  row('authentication.enrollWithAny', login, [arg('factors', list(toEnroll, { min: 1 }))], 'lets the person enroll one of several', {
    ends: true,
    absent: 'no factor is enabled yet: none remains, and the login fails',
  }),
  row(
    'authentication.recordMethod',
    login,
    [arg('url', webUrl)],
    'a method in event.authentication.methods from the next Action on; only in onContinuePostLogin',
    { before: record },
  ),
  row(
    'authentication.setPrimaryUser',
    login,
    [arg('user_id', text({ empty: false, characters: 128 }))],
    'goes on as the user this identity is linked to; once',
    { before: onePrimary },
  ),
  row(
    'multifactor.enable',
    login,
    [
      arg('provider', oneOf('any', 'guardian', 'google-authenticator', 'duo', 'none')),
      arg('options', options({ allowRememberBrowser: withDefault(boolean, false), providerOptions: optional(providerOptions) })),
    ],
    'asks for a second factor at the end of the flow',
    { absent: 'no factor is enabled yet: any but `none` makes the login fail' },
  ),

  row('redirect.encodeToken', interactive, [arg('options', encodeOptions)], 'a signed session token for another page', {
    answer: encodeToken,
  }),
  row(
    'redirect.validateToken',
    interactive,
    [arg('options', validateOptions)],
    'the payload of the token that came back; checks signature, exp and state',
    { answer: validateToken },
  ),
  row('redirect.canRedirect', interactive, [], 'deprecated; whether there is a browser that may be sent elsewhere', {
    answer: canRedirect,
  }),
  row(
    'redirect.sendUserTo',
    interactive,
    [arg('url', webUrl), arg('options', options({ query: optional(dictionary) }))],
    'sends the person to a page, to come back to /continue',
    { before: withQuery, ends: true },
  ),
  row(
    'prompt.render',
    interactive,
    [arg('formId', text({ empty: false })), arg('options', options({ fields: optional(dictionary), vars: optional(dictionary) }))],
    'shows a form',
    { ends: true, absent: 'there are no forms yet: the transaction fails as with an unknown one' },
  ),
  row('transaction.setResultUrl', ['password-reset-post-challenge'], [arg('url', webUrl)], 'where the person goes after the new password'),
];
