'use strict';
// Metadata of user and transaction, the user of an exchange, groups, roles and rules.
const { arg, row, text, json, list, number, boolean, optional, oneOf, options, withDefault, isObject } = require('./check.js');
const { stringify, parse, byteLength, isSafeInteger } = require('../primordials.js');

const METADATA_MAX = 32 * 1024; // bytes a session, for user and for app metadata (reference section 1)
const TRANSACTION_VALUE_MAX = 8 * 1024;
const TRANSACTION_MAX = 16 * 1024;
const ACTOR_DEPTH_MAX = 5;
const exchange = ['custom-token-exchange'];
const login = ['post-login'];
const writes = ['post-login', 'pre-user-registration', 'custom-token-exchange'];

// All that this run writes to one kind of metadata has to fit.
const metadataFits = kind => (one, args) => {
  const written = (one.run.metadataWritten[kind] ??= { __proto__: null });
  written[args[0]] = args[1] ??= null;
  if (byteLength(stringify(written)) > METADATA_MAX)
    throw new Error(`api.user.${kind}: more than ${METADATA_MAX} bytes of metadata in one transaction`);
};

const scalar = (value, say) => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return text({ max: TRANSACTION_VALUE_MAX })(value, say);
  if (typeof value === 'boolean' || isSafeInteger(value)) return value;
  throw say(typeof value === 'number' ? 'must be a safe integer' : 'must be a string, number, boolean or null');
};

// Visible at once: in this event, and in those of later Actions.
function setTransactionMetadata(one, [key, value]) {
  const { run } = one;
  const next = { ...run.metadata };
  if (value === null) delete next[key];
  else next[key] = value;
  if (byteLength(stringify(next)) > TRANSACTION_MAX)
    throw new Error(`api.transaction.setMetadata: more than ${TRANSACTION_MAX} bytes of metadata`);
  run.metadata = next;
  (one.event.transaction ??= {}).metadata = { ...next };
}

const once = what => one => {
  if (one[what]) throw new Error(`api.authentication: ${what} was already chosen by this Action`);
  one[what] = true;
};

function actor(value, say, depth = 1) {
  if (!isObject(value)) throw say('must be an object');
  if (depth > ACTOR_DEPTH_MAX) throw say(`must be nested at most ${ACTOR_DEPTH_MAX} deep`);
  if (typeof value.sub !== 'string' || value.sub === '') throw say('must have a sub');
  if (value.act !== undefined) actor(value.act, say, depth + 1);
  return json(value, say);
}

const attributes = options({
  user_id: text({ empty: false }),
  email: optional(text()),
  email_verified: optional(boolean),
  username: optional(text()),
  phone_number: optional(text()),
  phone_verified: optional(boolean),
  name: optional(text()),
  given_name: optional(text()),
  family_name: optional(text()),
  nickname: optional(text()),
  picture: optional(text()),
  verify_email: optional(boolean),
});

const copy = value => parse(stringify(value));
const groupsOf = one => one.run.frame.input.groups ?? [];

function groups(one, [{ take, from }]) {
  const start = Number(from) || 0;
  const page = groupsOf(one)
    .slice(start, start + take)
    .map(copy);
  return start + take < groupsOf(one).length ? { groups: page, next: `${start + take}` } : { groups: page };
}

function memberships(one, [keys]) {
  const membership = key => {
    const matches = groupsOf(one)
      .filter(({ id, name }) => id === key || name === key)
      .map(({ id, name, group_type = 'connection' }) => ({ id, name, group_type }));
    return { is_member: matches.length > 0, matches };
  };
  return { memberships: Object.fromEntries(keys.map(key => [key, membership(key)])), errors: [] };
}

const rolesOf = one => one.run.frame.input.roles ?? [];
const roles = one => ({ roles: rolesOf(one).map(copy) });
const rolesBy =
  member =>
  (one, [wanted]) => ({
    roles: rolesOf(one)
      .filter(role => wanted.includes(role[member]))
      .map(copy),
  });
const wasExecuted = (one, [id]) => (one.run.frame.input.rules_executed ?? []).includes(id);

const noGroups = 'there are no groups yet: every user is in none';

module.exports = [
  row(
    'user.setUserMetadata',
    writes,
    [arg('key', text({ empty: false })), arg('value', json)],
    'an entry of user_metadata, null removes it; written once, at the end',
    { before: metadataFits('setUserMetadata') },
  ),
  row(
    'user.setAppMetadata',
    writes,
    [arg('key', text({ empty: false })), arg('value', json)],
    'an entry of app_metadata, null removes it; written once, at the end',
    { before: metadataFits('setAppMetadata') },
  ),
  row(
    'transaction.setMetadata',
    login,
    [arg('key', text({ empty: false, characters: 64 })), arg('value', scalar)],
    'an entry of event.transaction.metadata, visible at once; null removes it',
    { before: setTransactionMetadata },
  ),

  row('authentication.setUserById', exchange, [arg('user_id', text({ empty: false }))], 'the exchange is for this user', {
    before: once('the user'),
  }),
  row(
    'authentication.setUserByConnection',
    exchange,
    [
      arg('connection', text({ empty: false })),
      arg('attributes', attributes),
      arg(
        'options',
        options({
          creationBehavior: withDefault(oneOf('create_if_not_exists', 'none'), 'none'),
          updateBehavior: withDefault(oneOf('replace', 'none'), 'none'),
        }),
      ),
    ],
    'the exchange is for the user of a connection, who may be created or updated',
    { before: once('the user') },
  ),
  row('authentication.setActor', exchange, [arg('actor', actor)], 'the act claim'),
  row(
    'authentication.setOrganization',
    [...exchange, 'signup-post-identifier', 'login-post-identifier'],
    [arg('organization', text({ empty: false }))],
    'the organization of the transaction',
    { absent: 'there are no organizations yet: the transaction fails as with an unknown one' },
  ),
  row(
    'authentication.setConnectionByName',
    ['signup-post-identifier', 'login-post-identifier'],
    [arg('name', text({ empty: false }))],
    'the connection to go on with',
    { absent: 'these beta triggers are not called yet' },
  ),

  row(
    'groups.getUserGroups',
    login,
    [arg('options', options({ take: withDefault(number({ min: 1, max: 100, integer: true }), 50), from: optional(text()) }))],
    '{groups, next}',
    { answer: groups, promise: true, absent: noGroups },
  ),
  row('groups.hasGroupMembership', login, [arg('groups', list(text({ empty: false }), { min: 1, max: 100 }))], '{memberships, errors}', {
    answer: memberships,
    promise: true,
    absent: noGroups,
  }),
  row('roles.getUserEffectiveRoles', login, [], '{roles} of the user', { answer: roles, promise: true }),
  row('roles.getUserEffectiveRolesByIds', login, [arg('ids', list(text(), { max: 100 }))], '{roles}, of those the ones named', {
    answer: rolesBy('id'),
    promise: true,
  }),
  row('roles.getUserEffectiveRolesByNames', login, [arg('names', list(text(), { max: 50 }))], '{roles}, of those the ones named', {
    answer: rolesBy('name'),
    promise: true,
  }),
  row('rules.wasExecuted', login, [arg('ruleId', text())], 'whether a rule ran in this transaction', { answer: wasExecuted }),
];
