// Feature flags: what operators set, what everybody sees, how soon, and a stock OpenFeature client reading them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { newDatabase } from '../support/postgres.mjs';
import { binary, seedFile, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const run = promisify(execFile);
const key = 'k'.repeat(40);
const args = ['--operator-listen', '127.0.0.1:0', '--operator-key', key, '--environment', 'staging'];
const flag = 'password-scheme';

const alone = embeddedOnly('the listener of operators is a flag of one process');

async function ask(server, method, where, body, headers = { authorization: `Bearer ${key}` }) {
  const response = await fetch(server.ready.operator_url + where, {
    method, body: body && JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' },
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}
const flags = (server, method, rest = '', body) => ask(server, method, `/operator/v1/flags${rest}`, body);
const evaluate = async (server, name, context) => (await ask(server, 'POST', `/ofrep/v1/evaluate/flags/${name}`, { context })).body;

describe('feature flags', alone, () => {
  let server, world;
  before(async () => {
    server = await startProcess({ seeds: [seedFile], ephemeral: true, args });
    world = new World(server, server.tenant('acme'));
  });
  after(() => server?.stop());

  it('shows the table: owner, kind, default, and until when', async () => {
    const { status, body } = await flags(server, 'GET');
    assert.equal(status, 200);
    const scheme = body.find(one => one.key === flag);
    assert.deepEqual([scheme.owner, scheme.kind, scheme.default, scheme.settings], ['hashing', 'release', 'entitled', []]);
    assert.match(scheme.expires, /^\d{4}-\d\d-\d\d$/);
    assert.equal((await flags(server, 'GET', '/no-such-flag')).status, 404);
  });

  it('sets, shows with its history, and takes back', async () => {
    assert.equal((await flags(server, 'PUT', `/${flag}`, { value: 'bcrypt' })).status, 200);
    const second = await flags(server, 'PUT', `/${flag}`, { value: 'argon2id', percentage: 12.5 });
    assert.equal(second.body.percentage, 12.5);
    assert.match(second.body.changed_by, /^operator:[0-9a-f]{8}@clients$/);
    assert.deepEqual(second.body.history.map(({ value, percentage }) => [value, percentage]), [['bcrypt', 100]]);
    assert.equal((await flags(server, 'GET', `/${flag}`)).body.settings.length, 1);
    assert.equal((await flags(server, 'DELETE', `/${flag}`)).status, 204);
    assert.deepEqual((await flags(server, 'GET', `/${flag}`)).body.settings, []);
    assert.equal((await flags(server, 'DELETE', `/${flag}`)).status, 204);
  });

  it('refuses what a flag cannot be, and leaves what was set', async () => {
    const refused = async (rest, body, status, message) => {
      const answer = await flags(server, 'PUT', rest, body);
      assert.deepEqual([answer.status, answer.body.statusCode], [status, status], JSON.stringify(answer.body));
      assert.match(answer.body.message, message);
    };
    await refused(`/${flag}`, { value: true }, 400, /must be a text/);
    await refused(`/${flag}`, { value: 'md5' }, 400, /must be one of: entitled bcrypt argon2id/);
    await refused(`/${flag}`, { value: 'bcrypt', percentage: 101 }, 400, /percentage/);
    await refused(`/${flag}`, { percentage: 5 }, 400, /value/);
    await refused(`/${flag}`, { value: 'bcrypt', tenant: 'acme', environment: 'staging' }, 400, /not for both/);
    await refused(`/${flag}`, { value: 'bcrypt', colour: 'red' }, 400, /colour/);
    await refused(`/${flag}`, { value: 'bcrypt', tenant: 'nobody' }, 404, /tenant does not exist/);
    await refused('/no-such-flag', { value: true }, 404, /flag does not exist/);
    assert.equal((await ask(server, 'PUT', `/operator/v1/flags/${flag}`, { value: 'bcrypt' }, {})).status, 401);
    assert.deepEqual((await flags(server, 'GET', `/${flag}`)).body.settings, []);
  });

  it('is read by a stock OpenFeature client', async () => {
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: server.ready.operator_url, headers: [['Authorization', `Bearer ${key}`]] }));
    const client = OpenFeature.getClient();
    const context = { targetingKey: 'auth0|1', tenant: 'acme' };
    const initial = await client.getBooleanDetails('signup', false, context);
    assert.deepEqual([initial.value, initial.reason, initial.variant], [true, 'DEFAULT', 'on']);
    await flags(server, 'PUT', '/signup', { value: false, tenant: 'acme' });
    const set = await client.getBooleanDetails('signup', true, context);
    assert.deepEqual([set.value, set.reason], [false, 'TARGETING_MATCH']);
    assert.equal((await flags(server, 'PUT', `/${flag}`, { value: 'bcrypt', environment: 'staging' })).status, 200);
    assert.equal((await client.getStringDetails(flag, '', context)).reason, 'STATIC');
    await flags(server, 'PUT', `/${flag}`, { value: 'bcrypt', environment: 'production' });
    await flags(server, 'DELETE', `/${flag}?environment=staging`);
    assert.equal(await client.getStringValue(flag, '', context), 'entitled');
    const missing = await client.getBooleanDetails('no-such-flag', true, context);
    assert.deepEqual([missing.value, missing.errorCode], [true, 'FLAG_NOT_FOUND']);
    const stranger = await client.getBooleanDetails('signup', true, { ...context, tenant: 'nobody' });
    assert.equal(stranger.errorCode, 'INVALID_CONTEXT');
    const all = await ask(server, 'POST', '/ofrep/v1/evaluate/flags', { context });
    assert.deepEqual(all.body.flags.find(one => one.key === 'signup').value, false);
    await flags(server, 'DELETE', '/signup?tenant=acme');
    await OpenFeature.close();
  });

  it('"signup" closes the sign-up of one tenant, on the page and by API, at once', async () => {
    const client = await world.client();
    const form = { client_id: client.client_id, connection: 'Username-Password-Authentication', email: 'new@example.com', password: 'Correct-horse-7' };
    const signUp = () => fetch(world.url('/dbconnections/signup'), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(form) });
    await flags(server, 'PUT', '/signup', { value: false, tenant: 'acme' });
    const refused = await signUp();
    assert.equal(refused.status, 400);
    assert.match(JSON.stringify(await refused.json()), /public signup is disabled/);
    await flags(server, 'DELETE', '/signup?tenant=acme');
    assert.equal((await signUp()).status, 200);
    const { body } = await world.api('GET', '/logs');
    const changes = body.filter(log => log.type === 'sapi' && /feature flag/.test(log.description));
    assert.ok(changes.some(log => log.details.change.flag === 'signup' && log.details.change.value === false));
  });

  it('"management-writes" makes API v2 read-only while logins go on', async () => {
    const client = await world.client(), user = await world.user();
    assert.equal((await flags(server, 'PUT', '/management-writes', { value: false })).status, 200);
    const refused = await world.api('POST', '/clients', { name: 'late' });
    assert.equal(refused.status, 503);
    assert.match(refused.body.message, /management-writes/);
    assert.equal((await world.api('GET', '/clients')).status, 200);
    assert.equal((await world.exchange(client, (await world.signIn(client, user)).code)).status, 200);
    await flags(server, 'DELETE', '/management-writes');
    assert.equal((await world.api('POST', '/clients', { name: 'in time' })).status, 201);
  });
});

describe('a feature flag in two processes on one database', alone, () => {
  let data, store, here, there;
  before(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
    store = await newDatabase();
    here = await startProcess({ seeds: [seedFile], args: ['--store', store, '--data', data, ...args] });
    there = await startProcess({ seeds: [], args: ['--store', store, '--data', data, ...args] });
  });
  after(async () => {
    await Promise.all([here?.stop(), there?.stop()]);
    rmSync(data, { recursive: true, force: true });
  });

  const users = Array.from({ length: 400 }, (_, i) => `auth0|${i}`);
  // Never more at once than the listener takes.
  const seen = async (server, some = users) => {
    const values = [];
    for (let i = 0; i < some.length; i += 20)
      values.push(...await Promise.all(some.slice(i, i + 20).map(async user => (await evaluate(server, flag, { tenant: 'acme', targetingKey: user })).value)));
    return values.join(',');
  };

  it('agrees about 10 % of a tenant\'s users within a second', async () => {
    const set = percentage => flags(here, 'PUT', `/${flag}`, { value: 'argon2id', tenant: 'acme', percentage });
    const lists = {};
    for (const percentage of [10, 20]) {
      await set(percentage);
      lists[percentage] = (await seen(here)).split(',');
      const share = lists[percentage].filter(value => value === 'argon2id').length;
      assert.ok(Math.abs(share - 4 * percentage) < 30, `${share} of 400 for ${percentage} %`);
    }
    // One who changes sides is enough to ask, so that asking is not what is measured.
    const changer = users.findIndex((_, i) => lists[10][i] !== lists[20][i]), times = [];
    for (const percentage of [10, 20, 10, 20, 10]) {
      await set(percentage);
      const acknowledged = performance.now();
      for (const server of [here, there])
        while ((await evaluate(server, flag, { tenant: 'acme', targetingKey: users[changer] })).value !== lists[percentage][changer]) ;
      times.push(performance.now() - acknowledged);
    }
    console.log(`a flag for a share of a tenant's users: both processes agree ${times.map(ms => ms.toFixed(0)).join(', ')} ms after it was set`);
    assert.equal(await seen(here), lists[10].join(','));
    assert.equal(await seen(there), lists[10].join(','));
    assert.ok(Math.max(...times) < 1000, `${times}`);
  });

  it('agrees about a value for everybody too, set by the command line', async () => {
    const cli = (...words) => run(binary, [...words, '--store', store, '--data', data, '--json']);
    await cli('flags', 'set', 'signup', 'false');
    for (const server of [here, there])
      while ((await evaluate(server, 'signup', { tenant: 'acme' })).value !== false) ;
    const { stdout } = await cli('flags', 'list');
    assert.equal(JSON.parse(stdout).find(one => one.key === 'signup').settings[0].value, false);
    assert.equal(JSON.parse((await cli('flags', 'evaluate', 'signup', '--tenant', 'acme')).stdout).value, false);
    await cli('flags', 'unset', 'signup');
    await assert.rejects(cli('flags', 'unset', 'signup'), { code: 3 });
    await assert.rejects(cli('flags', 'set', 'signup', 'perhaps'), { code: 6 });
    await assert.rejects(cli('flags', 'set', 'signup', 'true', '--percentage', 'all'), { code: 2 });
  });
});
