'use strict';
// api.cache: a few short texts that live from one run to the next. Reads are answered from what the call brought along and what
// this run did; writes are commands.
const { arg, row, text, json } = require('./check.js');
const { now, byteLength, stringify, isFinite } = require('../primordials.js');

// Reference section 1, "Cache limits".
const ENTRIES_MAX = 20;
const KEY_MAX = 64; // bytes
const VALUE_MAX = 4 * 1024;
const TOTAL_MAX = 8 * 1024;
const LIFE_DEFAULT = 15 * 60 * 1000;
const LIFE_MAX = 24 * 60 * 60 * 1000;

const triggers = [
  'post-login',
  'credentials-exchange',
  'pre-user-registration',
  'post-user-registration',
  'post-change-password',
  'send-phone-message',
  'event-stream',
  'custom-email-provider',
  'custom-phone-provider',
  'password-reset-post-challenge',
  'custom-token-exchange',
];
const error = code => ({ type: 'error', code });
const live = record => record && record.expires_at > now();
const sizeOf = ([key, { value }]) => byteLength(key) + byteLength(value);

// Key → record: what the call brought along, with what this run did to it.
const recordsOf = run => (run.cacheRecords ??= new Map(Object.entries(run.frame.input.cache ?? {})));

function expiry({ ttl, expires_at: at } = {}) {
  const given = [ttl, at].filter(value => value !== undefined);
  if (!given.every(value => typeof value === 'number' && isFinite(value) && value >= 0)) return error('InvalidExpiry');
  const time = now();
  const longest = given.length === 0 ? LIFE_DEFAULT : LIFE_MAX;
  const earliest = Math.floor(Math.min(time + (ttl ?? longest), at ?? Infinity, time + longest));
  return earliest <= time ? error('ItemAlreadyExpired') : { at: earliest };
}

function get(one, [key]) {
  const record = recordsOf(one.run).get(key);
  return live(record) ? { value: record.value, expires_at: record.expires_at } : undefined;
}

function refusedSize(run, key, value) {
  if (byteLength(key) > KEY_MAX) return 'CacheKeySizeExceeded';
  if (byteLength(value) > VALUE_MAX) return 'CacheValueSizeExceeded';
  const others = [...recordsOf(run)].filter(([other, record]) => other !== key && live(record));
  const bytes = others.reduce((sum, entry) => sum + sizeOf(entry), sizeOf([key, { value }]));
  return others.length >= ENTRIES_MAX || bytes > TOTAL_MAX ? 'CacheSizeExceeded' : undefined;
}

// One trigger execution may set and delete as many times as there are entries.
function sideEffect(run) {
  run.sideEffects = (run.sideEffects ?? 0) + 1;
  return run.sideEffects <= ENTRIES_MAX;
}

function set(one, [key, value, options]) {
  const refused = refusedSize(one.run, key, value);
  if (refused) return error(refused);
  const expires = expiry(options ?? undefined);
  if (expires.type === 'error') return expires;
  if (!sideEffect(one.run)) return error('MaxSideEffectsExceeded');
  recordsOf(one.run).set(key, { value, expires_at: expires.at });
  one.command('cache.set', stringify([key, value, expires.at]));
  return { type: 'success', record: { value, expires_at: expires.at } };
}

function remove(one, [key]) {
  if (byteLength(key) > KEY_MAX) return error('CacheKeySizeExceeded');
  if (!live(recordsOf(one.run).get(key))) return error('CacheKeyDoesNotExist');
  if (!sideEffect(one.run)) return error('MaxSideEffectsExceeded');
  recordsOf(one.run).delete(key);
  one.command('cache.delete', stringify([key]));
  return { type: 'success' };
}

module.exports = [
  row('cache.get', triggers, [arg('key', text())], '{value, expires_at} or undefined', { answer: get }),
  row(
    'cache.set',
    triggers,
    [arg('key', text()), arg('value', text()), arg('options', json)],
    '{type: success, record} or {type: error, code}',
    { answer: set, commands: true },
  ),
  row('cache.delete', triggers, [arg('key', text())], '{type: success} or {type: error, code}', { answer: remove, commands: true }),
];
