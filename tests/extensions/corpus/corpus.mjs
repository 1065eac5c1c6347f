// The corpus: scripts as customers write them (`FOLDER/NAME.js`), each with what it is given and what has to come of it beside it (`NAME.json`, one case or a list of
// them). README.md has the members. cases(service) makes the calls, check(outcome, expect) compares; who runs them is up to the caller:
// run(call) → {results: [{id, name, commands, error?}], console: [{script, level, text}], output}.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventOf, executeOf } from './events.mjs';

export const folder = path.dirname(fileURLToPath(import.meta.url));

// Folder of the corpus → contract and, where the folder does not name it, the trigger.
const contracts = { actions: 'action', rules: 'rule', hooks: 'hook', databases: 'database' };

function merge(base, over) {
  if (over === null || typeof over !== 'object' || Array.isArray(over) || base === null || typeof base !== 'object') return over;
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value);
  return merged;
}

const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url');

// {"$token": {secret, claims, header?}}: a session token as another page would send it back.
function signed({ secret, claims, header = { alg: 'HS256', typ: 'JWT' } }) {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

// What stands for a value that is known only when the corpus runs.
function filled(value, service) {
  if (typeof value === 'string' && value.startsWith('$SERVICE')) return value.replace('$SERVICE', service);
  if (value === null || typeof value !== 'object') return value;
  if (value.$token) return signed(value.$token);
  if (value.$repeat) return value.$repeat[0].repeat(value.$repeat[1]);
  if (value.$fromNow !== undefined) return Date.now() + value.$fromNow;
  if (Array.isArray(value)) return value.map(element => filled(element, service));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, filled(member, service)]));
}

function inputOf(contract, trigger, given, service) {
  const input = filled(given ?? {}, service);
  if (contract === 'action') return { ...input, event: merge(eventOf(trigger), input.event ?? {}) };
  if (contract === 'rule') return { configuration: {}, auth0: { domain: 'acme.example.com' }, ...input, ...eventOf('rule', input) };
  return { configuration: {}, ...input };
}

function caseOf(file, given, service) {
  const [area, ...rest] = path.relative(folder, file).split(path.sep);
  const contract = contracts[area];
  const trigger = given.trigger ?? (contract === 'rule' ? 'rule' : rest[0]);
  const names = given.scripts ?? [`${path.basename(file, '.json')}.js`];
  const scripts = names.map((name, i) => ({
    id: `script_${i}`,
    name: path.basename(name, '.js'),
    code: readFileSync(path.join(path.dirname(file), name), 'utf8'),
    secrets: filled(given.secrets ?? {}, service),
  }));
  return {
    name: `${path.relative(folder, file).replace(/\.json$/, '')}: ${given.about}`,
    expect: given.expect,
    call: {
      contract,
      trigger,
      handler: given.handler ?? executeOf(trigger),
      scripts,
      input: inputOf(contract, trigger, given.input, service),
    },
  };
}

function* files(where) {
  for (const entry of readdirSync(where, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name))) {
    const file = path.join(where, entry.name);
    if (entry.isDirectory()) yield* files(file);
    else if (entry.name.endsWith('.json')) yield file;
  }
}

// service: the base address of service.mjs, as the scripts are to call it.
export function cases(service) {
  return Object.keys(contracts)
    .flatMap(area => [...files(path.join(folder, area))])
    .flatMap(file => [JSON.parse(readFileSync(file, 'utf8'))].flat().map(given => caseOf(file, given, service)));
}

// Claims of a token that a script made.
const claimsOf = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

// Values that cannot be known beforehand: {"$match": "expression"}, {"$type": "number"}, {"$near": ms from now}, {"$has": {...}} of an
// object with other members too, {"$claims": {...}} of a token in a URL's parameter `session_token`.
function compare(actual, expected, where) {
  if (expected === null || typeof expected !== 'object') return assert.deepEqual(actual, expected, where);
  if (expected.$match) return assert.match(actual, new RegExp(expected.$match), where);
  if (expected.$type) return assert.equal(typeof actual, expected.$type, where);
  if (expected.$near !== undefined) return assert.ok(Math.abs(actual - Date.now() - expected.$near) < 60_000, `${where} is ${actual}`);
  if (expected.$claims) return compareMembers(claimsOf(new URL(actual).searchParams.get('session_token')), expected.$claims, where);
  if (expected.$has) return compareMembers(actual, expected.$has, where);
  if (Array.isArray(expected)) {
    assert.equal(actual?.length, expected.length, `${where} is ${JSON.stringify(actual)}`);
    return expected.forEach((element, i) => compare(actual[i], element, `${where}[${i}]`));
  }
  assert.deepEqual(Object.keys(actual ?? {}).sort(), Object.keys(expected).sort(), where);
  return compareMembers(actual, expected, where);
}

function compareMembers(actual, expected, where) {
  for (const [key, value] of Object.entries(expected)) compare(actual?.[key], value, `${where}.${key}`);
}

function checkResult(actual, { commands = [], error }, where) {
  if (!error) assert.equal(actual.error, undefined, `${where}: ${JSON.stringify(actual.error)}`);
  else compareMembers(actual.error, error, `${where}.error`);
  compare(actual.commands, commands, `${where}.commands`);
}

// expect: {commands?, error?} of the only script or {results: [...]} of several; console? as [text] or [[level, text]]; output?.
export function check(outcome, expect) {
  const results = expect.results ?? [expect];
  assert.equal(outcome.results.length, results.length, JSON.stringify(outcome.results));
  results.forEach((expected, i) => checkResult(outcome.results[i], expected, `results[${i}]`));
  const said = outcome.console.map(({ level, text }) => (Array.isArray(expect.console?.[0]) ? [level, text] : text));
  if (expect.console) compare(said, expect.console, 'console');
  if (expect.output) compare(outcome.output, expect.output, 'output');
}
