// Rate limits as clients meet them: headers, 429 in the form of each face, the wait that stock SDKs read, log codes, what the
// operator grants, addresses behind proxies, and that one plane does not cost the other anything.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { AuthenticationClient, ManagementClient } from 'auth0';
import { Browser } from '../support/browser.mjs';
import { binary, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { password, World } from '../support/world.mjs';

const run = promisify(execFile);
const key = 'k'.repeat(40);
const alone = embeddedOnly('limits are set over the listener of operators, a flag of one process');

describe('rate limits', alone, () => {
  let server, world, client, user;
  const operator = async (method, body, name = world.tenant.name) => {
    const response = await fetch(`${server.ready.operator_url}/operator/v1/tenants/${name}/entitlements`, {
      method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    return { status: response.status, body: await response.json() };
  };
  // What counts from now on; nothing else is limited.
  const grant = async (...limits) => {
    const { status, body } = await operator('PATCH', { rate_profile: 'unlimited', rate_limits: limits });
    assert.equal(status, 200, JSON.stringify(body));
  };
  const from = address => ({ 'x-forwarded-for': address });
  const ask = async (where, { method = 'GET', headers = {}, body } = {}) => {
    const response = await fetch(world.url(where), { method, headers, body, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  // Until one is refused.
  const flood = async (where, options, most = 200) => {
    for (let n = 0; n < most; ++n) {
      const answer = await ask(where, options);
      if (answer.status === 429) return { ...answer, before: n };
    }
    return assert.fail('nothing was refused');
  };
  const logs = async type => (await world.api('GET', `/logs?per_page=100`)).body.filter(one => one.type === type);
  let address = 0;
  const newAddress = () => `198.51.100.${++address}`;

  before(async () => {
    server = await startProcess({ ephemeral: true, args: ['--operator-listen', '127.0.0.1:0', '--operator-key', key,
      '--trusted-proxies', '127.0.0.1', '--bcrypt-cost', '4'] });
    world = new World(server);
    client = await world.client();
    user = await world.user();
    await world.managementToken();
  });
  after(() => server?.stop());

  it('a fresh installation limits the management API by a number its clients do not meet', async () => {
    const { status, headers } = await world.api('GET', '/clients');
    assert.equal(status, 200);
    assert.equal(headers.get('x-ratelimit-limit'), '1000');
    assert.ok(Number(headers.get('x-ratelimit-remaining')) > 900);
    assert.ok(Math.abs(Number(headers.get('x-ratelimit-reset')) - Date.now() / 1000) < 3, 'epoch seconds');
    assert.equal((await ask('/.well-known/jwks.json')).headers.get('x-ratelimit-limit'), null, 'what has no limit shows none');
  });

  it('the token endpoint answers 429 in the form of OAuth, with the real wait', async () => {
    await grant({ class: 'token', scope: 'tenant', units: 3, seconds: 90 });
    const refused = await flood('/oauth/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }) });
    assert.equal(refused.before, 3);
    assert.equal(JSON.parse(refused.text).error, 'too_many_requests');
    assert.ok(JSON.parse(refused.text).error_description);
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait >= 28 && wait <= 30, `${wait} s until one of three in ninety seconds is free`);
    assert.ok(Math.abs(Number(refused.headers.get('x-ratelimit-reset')) - (Date.now() / 1000 + wait)) < 3);
    assert.equal(refused.headers.get('x-ratelimit-remaining'), '0');
    assert.equal(refused.headers.get('x-ratelimit-limit'), '3');
  });

  it('the management API answers 429 in its own form and names the headers', async () => {
    await grant({ class: 'management', scope: 'tenant', units: 4, seconds: 60 });
    const refused = await flood('/api/v2/clients', { headers: { authorization: `Bearer ${world.apiToken}` } });
    const body = JSON.parse(refused.text);
    assert.deepEqual({ statusCode: body.statusCode, error: body.error, errorCode: body.errorCode },
      { statusCode: 429, error: 'Too Many Requests', errorCode: 'too_many_requests' });
    for (const name of ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset']) assert.ok(body.message.includes(name));
    await grant();
  });

  it('a browser is shown a page', async () => {
    await grant({ class: 'login', scope: 'tenant', units: 1, seconds: 60 });
    const refused = await flood('/u/login', { headers: { accept: 'text/html' } });
    assert.match(refused.headers.get('content-type'), /^text\/html/);
    assert.match(refused.text, /Too many requests/);
    await grant();
  });

  it('the auth0 SDK waits as long as it is told and succeeds', async () => {
    await grant({ class: 'management', scope: 'tenant', units: 1, burst: 2 });
    const management = new ManagementClient({ domain: world.domain, token: await world.managementToken() });
    const begin = Date.now();
    for (let i = 0; i < 4; ++i) assert.ok((await management.clients.list()).data);
    const passed = Date.now() - begin;
    assert.ok(passed >= 1000 && passed < 10_000, `four in ${passed} ms`);
    const authentication = new AuthenticationClient({ domain: world.domain, clientId: world.tenant.client_id, clientSecret: world.tenant.client_secret,
      retry: { enabled: true } });
    await grant({ class: 'token', scope: 'client', units: 1, burst: 1 });
    for (let i = 0; i < 2; ++i)
      assert.ok((await authentication.oauth.clientCredentialsGrant({ audience: `${world.issuer}api/v2/` })).data.access_token);
    await grant();
  });

  it('a client that proved itself has a bucket that nobody else empties in its name', async () => {
    await grant({ class: 'token', scope: 'client', units: 2, seconds: 60 });
    const other = { grant_type: 'client_credentials', client_id: client.client_id, client_secret: 'wrong' };
    for (let i = 0; i < 5; ++i) assert.equal((await world.token(other)).status, 401);
    const good = () => world.token({ grant_type: 'client_credentials', client_id: world.tenant.client_id,
      client_secret: world.tenant.client_secret, audience: `${world.issuer}api/v2/` });
    assert.deepEqual([(await good()).status, (await good()).status, (await good()).status], [200, 200, 429]);
    await grant();
  });

  it('userinfo is limited by the user of the token', async () => {
    const tokens = await Promise.all([user, await world.user()].map(async one => {
      const { code } = await world.signIn(client, one);
      return (await world.exchange(client, code)).body.access_token;
    }));
    await grant({ class: 'userinfo', scope: 'user', units: 2, seconds: 60 });
    const get = token => ask('/userinfo', { headers: { authorization: `Bearer ${token}` } });
    for (const expected of [200, 200, 429]) assert.equal((await get(tokens[0])).status, expected);
    const refused = await get(tokens[0]);
    assert.equal(JSON.parse(refused.text).error, 'too_many_requests');
    assert.equal(refused.headers.get('www-authenticate'), null);
    assert.equal((await get(tokens[1])).status, 200);
    await grant();
  });

  it('sign-up, mails and passwords are limited by address and by whom they are for', async () => {
    await operator('PATCH', { rate_profile: 'free', rate_limits: [{ class: 'authentication', scope: 'tenant', units: 0 },
      { class: 'token', scope: 'tenant', units: 0 }, { class: 'management', scope: 'tenant', units: 0 }] });
    const json = (body, ip) => ({ method: 'POST', headers: { 'content-type': 'application/json', ...from(ip) }, body: JSON.stringify(body) });
    const mail = (email, ip) => json({ connection: 'Username-Password-Authentication', email }, ip);
    // Ten mails for one account, from whichever address.
    for (let i = 0; i < 10; ++i)
      assert.equal((await ask('/dbconnections/change_password', mail(i % 2 ? user.email : user.email.toUpperCase(), newAddress()))).status, 200);
    const refused = await ask('/dbconnections/change_password', mail(user.email, newAddress()));
    assert.equal(refused.status, 429);
    assert.equal(JSON.parse(refused.text).error, 'too_many_requests');
    assert.equal((await ask('/dbconnections/change_password', mail('somebody@else.example', newAddress()))).status, 200);
    // Twenty passwords for one account at one address, right ones included.
    const attempt = ip => ask('/oauth/token', { method: 'POST', headers: from(ip), body: new URLSearchParams({ grant_type: 'password',
      username: user.email, password, client_id: client.client_id, client_secret: client.client_secret, scope: 'openid' }) });
    const here = newAddress();
    for (let i = 0; i < 20; ++i) assert.equal((await attempt(here)).status, 200);
    assert.equal((await attempt(here)).status, 429);
    assert.equal((await attempt(newAddress())).status, 200);
    await grant();
  });

  it('an address is what a trusted proxy says, IPv6 by its /64, and claims before it count for nothing', async () => {
    await grant({ class: 'login', scope: 'ip', units: 2, seconds: 60 });
    const page = forwarded => ask('/u/login', { headers: forwarded ? from(forwarded) : {} }).then(a => a.status);
    assert.notEqual(await page('203.0.113.1'), 429);
    assert.notEqual(await page('9.9.9.9, 203.0.113.1'), 429);
    assert.equal(await page('8.8.8.8, 203.0.113.1:4711'), 429);
    assert.notEqual(await page('2001:db8:7:7::1'), 429);
    assert.notEqual(await page('2001:db8:7:7:ffff::2'), 429);
    assert.equal(await page('[2001:db8:7:7::3]:443'), 429);
    assert.notEqual(await page('2001:db8:7:8::1'), 429);
    for (let i = 0; i < 5; ++i) assert.notEqual(await page('nonsense'), 429, 'the proxy itself, on this machine');
    await grant();
  });

  it('the tenant log hears of a limit once a minute, and of four fifths of it', async () => {
    const before = (await logs('api_limit')).length;
    await grant({ class: 'well_known', scope: 'tenant', units: 10, seconds: 600 });
    await Promise.all(Array.from({ length: 200 }, () => ask('/.well-known/jwks.json')));
    const found = await logs('api_limit');
    const mine = found.filter(one => one.details?.class === 'well_known');
    assert.ok(mine.length >= 1 && mine.length <= 2, `${mine.length} records of 190 refusals, in one minute or across two`);
    assert.match(mine[0].description, /well_known/);
    assert.ok((await logs('api_limit_warning')).some(one => one.details?.class === 'well_known'));
    assert.ok(found.length - before <= 4);
    await grant();
  });

  it('what the operator grants is checked, shown and audited; the tenant cannot grant itself anything', async () => {
    const { status, body } = await operator('PATCH', { rate_profile: 'gold' });
    assert.equal(status, 400);
    assert.equal(body.errorCode, 'invalid_body');
    assert.equal((await operator('PATCH', { rate_limits: [{ class: 'token', scope: 'user', units: 1 }] })).status, 400);
    assert.equal((await operator('GET', undefined, 'nobody')).status, 404);
    assert.equal((await operator('PATCH', { rate_profile: 'free' }, 'nobody')).status, 404);
    assert.equal((await operator('PATCH', { rate_profile: null, rate_limits: null })).status, 200);
    assert.deepEqual((await operator('GET')).body, {});
    assert.ok((await logs('sapi')).some(one => one.description === 'Grant a tenant something else'));
    for (const where of ['/tenants/entitlements', '/entitlements'])
      assert.equal((await world.api('GET', where)).status, 404);
    assert.equal((await world.api('PATCH', '/tenants/settings', { rate_profile: 'unlimited' })).status, 400);
  });

  it('a management flood leaves logins alone, and other tenants their places', async () => {
    await grant({ class: 'management', scope: 'tenant', units: 50 });
    let flooding = true, refused = 0;
    const flooders = Array.from({ length: 8 }, async () => {
      while (flooding) if ((await world.api('GET', '/users?per_page=100')).status === 429) ++refused;
    });
    for (let i = 0; i < 10; ++i) {
      const { code } = await world.signIn(client, user);
      assert.equal((await world.exchange(client, code)).status, 200);
    }
    flooding = false;
    await Promise.all(flooders);
    assert.ok(refused > 0, 'the flood was a flood');
    await grant();
  });
});

describe('limits of the installation', alone, () => {
  it('options are the default, and a tenant\'s entitlements win; the command line shows and changes them', async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'durward-limits-'));
    try {
      const args = ['--data', data, '--bcrypt-cost', '4', '--token-rate', '2'];
      const server = await startProcess({ args });
      const world = new World(server);
      const burst = async () => (await Promise.all(Array.from({ length: 6 }, () =>
        world.token({ grant_type: 'client_credentials' })))).filter(one => one.status === 429).length;
      try {
        assert.ok(await burst() >= 3, 'two a second');
        const cli = (...words) => run(binary, ['tenant', 'entitlements', world.tenant.name, '--json', '--data', data, ...words]);
        assert.deepEqual(JSON.parse((await cli()).stdout), {});
        const changed = await cli('--patch', '{"rate_profile":"unlimited"}');
        assert.deepEqual(JSON.parse(changed.stdout), { rate_profile: 'unlimited' });
        await assert.rejects(cli('--patch', '{"rate_profile":"gold"}'), error => error.code === 6);
        const begin = Date.now();
        while (await burst() > 0) assert.ok(Date.now() - begin < 3000, 'another process knows within a second');
      } finally {
        await server.stop();
      }
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });

  it('a proxy that speaks RFC 7239 is heard when it is said so, and then nothing else', async () => {
    const server = await startProcess({ ephemeral: true, args: ['--trusted-proxies', '127.0.0.1', '--proxy-headers', 'forwarded', '--rate-profile', 'free'] });
    try {
      const world = new World(server);
      const status = headers => fetch(world.url('/u/login'), { headers, redirect: 'manual' }).then(r => r.status);
      const statuses = [];
      for (let i = 0; i < 60; ++i) statuses.push(await status({ forwarded: 'for=9.9.9.9, for="203.0.113.9:80";proto=https', 'x-forwarded-for': `1.2.3.${i}` }));
      assert.ok(statuses.includes(429), 'one address, whatever the other fields say');
      assert.notEqual(await status({ forwarded: 'for=203.0.113.10' }), 429);
    } finally {
      await server.stop();
    }
  });
});
