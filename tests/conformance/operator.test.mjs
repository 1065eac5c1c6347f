// The operator's API: tenants made, shown, changed and deleted over HTTP, and what it refuses.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { binary, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const run = promisify(execFile);
const key = 'k'.repeat(40), newKey = 'n'.repeat(40);
const operatorArgs = ['--operator-listen', '127.0.0.1:0', '--operator-key', `${key},${newKey}`];

async function ask(base, method, where, { bearer = key, body, raw, headers = {} } = {}) {
  const response = await fetch(base + where, {
    method, body: raw ?? (body && JSON.stringify(body)),
    headers: { ...(bearer && { authorization: `Bearer ${bearer}` }), 'content-type': 'application/json', ...headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text ? JSON.parse(text) : undefined };
}

const alone = embeddedOnly('the listener of operators is a flag of one process');

describe('the operator\'s API', alone, () => {
  let server, base;
  const tenants = (method, rest = '', options) => ask(base, method, `/operator/v1/tenants${rest}`, options);
  const create = body => tenants('POST', '', { body });
  // A client that people sign in to: the connection of a new tenant knows its management client only.
  const application = async (world, properties) => {
    const client = await world.client(properties);
    const { body } = await world.api('GET', '/connections');
    await world.api('PATCH', `/connections/${body[0].id}`, { enabled_clients: [...body[0].enabled_clients, client.client_id] });
    return client;
  };
  before(async () => {
    server = await startProcess({ ephemeral: true, args: operatorArgs });
    base = server.ready.operator_url;
  });
  after(() => server?.stop());

  it('creates a tenant that works at once, with keys of its own', async () => {
    const { status, body } = await create({ name: 'fresh', friendly_name: 'Fresh Ltd' });
    assert.equal(status, 201);
    assert.equal(body.friendly_name, 'Fresh Ltd');
    assert.equal(body.issuer, `https://${body.domain}/`);
    assert.equal(new URL(body.issuer).hostname, 'fresh.localhost');
    const world = new World(server, body);
    const client = await application(world), user = await world.user();
    const { code } = await world.signIn(client, user);
    assert.equal((await world.exchange(client, code)).status, 200);
    const settings = await world.api('GET', '/tenants/settings');
    assert.equal(settings.body.friendly_name, 'Fresh Ltd');
    const { body: logs } = await world.api('GET', '/logs');
    const made = logs.find(log => log.description === 'Create a tenant');
    assert.equal(made?.type, 'sapi');
    assert.equal(made.details.request.path, '/operator/v1/tenants');
    assert.equal(JSON.stringify(logs).includes(body.client_secret), false);
  });

  it('shows the secret of the management client once', async () => {
    const made = await create({ name: 'quiet' });
    assert.ok(made.body.client_secret.length >= 32);
    const shown = await tenants('GET', '/quiet');
    assert.equal(shown.status, 200);
    assert.deepEqual(Object.keys(shown.body).sort(), ['created_at', 'domain', 'friendly_name', 'issuer', 'name']);
    assert.equal(shown.headers.get('cache-control'), 'no-store');
  });

  it('keeps the domain that a proxy gives it', async () => {
    const { body } = await create({ name: 'proxied', domain: 'login.proxied.example' });
    assert.equal(body.issuer, 'https://login.proxied.example/');
    assert.equal((await tenants('GET', '/proxied')).body.domain, 'login.proxied.example');
  });

  it('changes what people read, and nothing else', async () => {
    await create({ name: 'renamed' });
    const changed = await tenants('PATCH', '/renamed', { body: { friendly_name: 'New Name' } });
    assert.equal(changed.status, 200);
    assert.equal((await tenants('GET', '/renamed')).body.friendly_name, 'New Name');
    for (const body of [{ name: 'other' }, { domain: 'a.example' }, { plan: 'gold' }, { friendly_name: '' }, { friendly_name: 7 }]) {
      const refused = await tenants('PATCH', '/renamed', { body });
      assert.equal(refused.status, 400, JSON.stringify(body));
      assert.equal(refused.body.errorCode, 'invalid_body');
    }
  });

  it('lists by name in pages', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await create({ name });
    const names = [];
    for (let from = ''; from !== undefined;) {
      const { status, body } = await tenants('GET', `?take=2${from && `&from=${from}`}`);
      assert.equal(status, 200);
      assert.ok(body.tenants.length <= 2);
      names.push(...body.tenants.map(t => t.name));
      from = body.next;
    }
    assert.deepEqual(names, [...names].sort());
    assert.equal(new Set(names).size, names.length);
    for (const name of ['acme', 'page-a', 'page-b', 'page-c']) assert.ok(names.includes(name), name);
  });

  it('deletes a tenant with its sessions and tokens, at once, and frees its name', async () => {
    const { body } = await create({ name: 'doomed' });
    const world = new World(server, body);
    const client = await application(world, { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } });
    const user = await world.user();
    const signedIn = await world.signIn(client, user, { scope: 'openid offline_access' });
    const tokens = (await world.exchange(client, signedIn.code)).body;
    assert.ok(tokens.refresh_token);
    assert.equal((await tenants('DELETE', '/doomed')).status, 204);
    for (const where of ['/.well-known/openid-configuration', '/userinfo', '/authorize'])
      assert.equal((await fetch(world.url(where), { headers: { authorization: `Bearer ${tokens.access_token}` } })).status, 404, where);
    const refreshed = await fetch(world.url('/oauth/token'), { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret,
        refresh_token: tokens.refresh_token }) });
    assert.equal(refreshed.status, 404);
    assert.equal((await tenants('GET', '/doomed')).status, 404);
    assert.equal((await tenants('DELETE', '/doomed')).body.errorCode, 'inexistent_tenant');

    const again = await create({ name: 'doomed' });
    assert.equal(again.status, 201);
    const next = new World(server, again.body);
    assert.notEqual(again.body.client_secret, body.client_secret);
    const back = await next.token({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret,
      refresh_token: tokens.refresh_token });
    assert.equal(back.status, 401, 'nothing of the old tenant is the new one\'s');
    assert.match(server.log(), /"message":"tenant deleted".*"tenant":"doomed"|"tenant":"doomed".*"message":"tenant deleted"/);
  });

  const refusals = [
    ['no name', {}], ['a name of one letter', { name: 'a' }], ['capitals', { name: 'Acme' }], ['a dot', { name: 'a.b' }],
    ['a leading hyphen', { name: '-acme' }], ['a name that is too long', { name: 'a'.repeat(64) }], ['a number for a name', { name: 7 }],
    ['an unknown field', { name: 'unknown-field', plan: 'gold' }], ['a domain with a path', { name: 'bad-domain', domain: 'a.example/b' }],
    ['an empty friendly name', { name: 'empty-friendly', friendly_name: '' }],
  ];
  for (const [what, body] of refusals)
    it(`refuses ${what}`, async () => {
      const refused = await create(body);
      assert.equal(refused.status, 400);
      assert.deepEqual(Object.keys(refused.body).sort(), ['error', 'errorCode', 'message', 'statusCode']);
      if (body.name && typeof body.name === 'string') assert.notEqual((await tenants('GET', `/${encodeURIComponent(body.name)}`)).status, 200);
    });

  it('refuses a name that is taken', async () => {
    const refused = await create({ name: 'acme' });
    assert.deepEqual([refused.status, refused.body.errorCode], [409, 'tenant_exists']);
  });

  it('gives a name to one of those who want it at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create({ name: 'wanted' })));
    assert.deepEqual(answers.map(a => a.status).sort(), [201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it('refuses bodies that are none', async () => {
    for (const raw of ['', '{', '[]', '"x"']) assert.equal((await tenants('POST', '', { raw })).status, 400, raw);
    assert.equal((await tenants('POST', '', { raw: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 415);
  });

  it('answers 404 for a tenant that is not there, whatever is asked of it', async () => {
    for (const [method, body] of [['GET'], ['PATCH', { friendly_name: 'x' }], ['DELETE']]) {
      const refused = await tenants(method, '/nobody', { body });
      assert.deepEqual([refused.status, refused.body.errorCode], [404, 'inexistent_tenant'], method);
    }
    assert.equal((await tenants('PUT', '/acme', { body: {} })).status, 405);
  });

  it('refuses pages that are none', async () => {
    for (const query of ['take=0', 'take=101', 'take=x', `from=${'a'.repeat(64)}`])
      assert.equal((await tenants('GET', `?${query}`)).body.errorCode, 'invalid_query_string', query);
  });

  it('is on no tenant\'s host, and no tenant\'s API is on its listener', async () => {
    assert.equal((await fetch(`${server.base}/operator/v1/tenants`, { headers: { authorization: `Bearer ${key}` } })).status, 404);
    for (const where of ['/api/v2/clients', '/authorize', '/internal/v1/hash']) assert.equal((await ask(base, 'GET', where)).status, 404, where);
    const { body } = await ask(base, 'GET', '/.well-known/openapi.json', { bearer: '' });
    assert.deepEqual(Object.keys(body.paths).filter(p => p.startsWith('/operator')).sort(), ['/operator/v1/flags', '/operator/v1/flags/{key}',
      '/operator/v1/tenants', '/operator/v1/tenants/{name}', '/operator/v1/tenants/{name}/entitlements']);
    assert.equal((await ask(base, 'GET', '/readyz', { bearer: '' })).status, 200);
  });

  it('takes either key while they are exchanged', async () => {
    assert.equal((await tenants('GET', '', { bearer: newKey })).status, 200);
  });

  it('takes no management token of a tenant', async () => {
    const token = await new World(server, server.tenant('acme'), 'acme.localhost').managementToken();
    assert.ok(token);
    assert.equal((await tenants('GET', '', { bearer: token })).status, 401);
  });

  // Last: it uses up the attempts of this address.
  it('answers 401 without a key or with a wrong one, slows down who guesses, and logs no key', async () => {
    const none = await tenants('GET', '', { bearer: '' });
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer']);
    const guess = 'g'.repeat(40);
    let refused;
    for (let i = 0; i < 12; ++i) {
      refused = await tenants('POST', '', { bearer: guess, body: { name: 'guessed' } });
      if (refused.status === 429) break;
      assert.equal(refused.status, 401);
    }
    assert.equal(refused.status, 429);
    assert.ok(refused.headers.get('retry-after'));
    for (const text of [guess, key, newKey]) assert.equal(server.log().includes(text), false);
  });
});

describe('the operator\'s key', alone, () => {
  const data = mkdtempSync(path.join(tmpdir(), 'durward-operator-'));
  after(() => rmSync(data, { recursive: true, force: true }));
  const start = args => startProcess({ seeds: [], args: ['--data', data, ...args] });

  it('is made at first need, private, and stays', async () => {
    const without = await start([]);
    assert.throws(() => statSync(path.join(data, 'operator.key')));
    await without.stop();
    for (let i = 0; i < 2; ++i) {
      const server = await start(['--operator-listen', '127.0.0.1:0']);
      const file = path.join(data, 'operator.key');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const bearer = readFileSync(file, 'utf8').trim();
      const { status, body } = await ask(server.ready.operator_url, 'POST', '/operator/v1/tenants', { bearer, body: { name: `made-${i}` } });
      assert.equal(status, 201);
      assert.ok(body.client_secret);
      await server.stop();
    }
    const { stdout } = await run(binary, ['tenant', 'list', '--json', '--data', data]);
    assert.deepEqual(JSON.parse(stdout).map(t => t.name), ['made-0', 'made-1']);
  });

  it('may come from a file', async () => {
    const file = path.join(data, 'mine.key');
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    const server = await start(['--operator-listen', '127.0.0.1:0', '--operator-key-file', file]);
    assert.equal((await ask(server.ready.operator_url, 'GET', '/operator/v1/tenants')).status, 200);
    await server.stop();
  });

  it('is refused when it is weak, missing in an ephemeral run, or the role is another', async () => {
    await assert.rejects(start(['--operator-listen', '127.0.0.1:0', '--operator-key', 'short']), /operator-key must be/);
    await assert.rejects(start(['--operator-listen', '127.0.0.1:0', '--role', 'authentication']), /operator-listen needs the role management/);
    await assert.rejects(start(['--operator-listen', 'nowhere']), /operator-listen must be HOST:PORT/);
    await assert.rejects(run(binary, ['serve', '--ephemeral', '--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0']),
      /needs --operator-key/);
  });
});
