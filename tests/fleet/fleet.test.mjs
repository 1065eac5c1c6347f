// Real clients against the split fleet that `./do fleet` starts: nginx, two authentication, one management, one hashing, one
// worker, Redis. One process dies in the middle and nobody notices.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as oidc from 'openid-client';
import { Browser, logIn } from '../support/browser.mjs';
import { binary, seedFile, trust } from '../support/server.mjs';
import { callback, password, World } from '../support/world.mjs';

const run = promisify(execFile);
const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../tools/fleet');

describe('the split fleet', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'durward-fleet-'));
  // Output goes to files of the fleet: a pipe would stay open as long as its processes.
  const fleet = (...args) => run(script, [...args, '--dir', dir], {
    env: { ...process.env, DURWARD: binary, DURWARD_BCRYPT_COST: '4' },
  });
  const summary = () => JSON.parse(readFileSync(path.join(dir, 'fleet.json'), 'utf8'));
  const log = role => readFileSync(path.join(dir, 'log', `${role}.log`), 'utf8');
  let world, client, user;

  before(async () => {
    await fleet('up', '--seed', seedFile);
    const { ca_file, base_url, ready } = summary();
    trust(readFileSync(ca_file, 'utf8'));
    const issuer = `${base_url}/`;
    world = new World({ stop() {} }, { ...ready.tenants[0], issuer });
    client = await world.client();
    user = await world.user({ name: 'Grace Hopper' });
    await known(client);
  });
  after(async () => {
    await fleet('down');
    rmSync(dir, { recursive: true, force: true });
  });

  // What one process changed, all others know within a second.
  async function known({ client_id }) {
    const { pathname, search } = new URL(world.authorizeUrl({ client_id }));
    for (const role of ['authentication-1', 'authentication-2']) {
      const url = `http://127.0.0.1:${summary().processes[role].port}${pathname}${search}`;
      const end = Date.now() + 10_000;
      while ((await fetch(url, { redirect: 'manual' })).status !== 302)
        assert.ok(Date.now() < end, `${role} does not know the client`);
    }
  }

  async function login(config) {
    const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback, scope: 'openid profile email offline_access', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const done = await logIn(await new Browser().open(url.href), user.email, password);
    assert.ok(done.location, `${done.status} ${done.text}`);
    return oidc.authorizationCodeGrant(config, new URL(done.location), {
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce,
    });
  }
  const discover = () => oidc.discovery(new URL(world.issuer), client.client_id, client.client_secret);
  const metric = async (role, pattern) => {
    const text = await (await fetch(`http://127.0.0.1:${summary().processes[role].port}/metrics`)).text();
    return Number(text.match(pattern)?.[1] ?? 0);
  };

  it('status names every process', async () => {
    const { stdout } = await fleet('status');
    for (const role of ['redis', 'nats', 'hashing', 'extensions', 'management', 'authentication-1', 'authentication-2', 'worker', 'nginx'])
      assert.match(stdout, new RegExp(`^${role} .*running`, 'm'));
    assert.match(stdout, /^worker .*running, ready$/m);
  });

  it('signs in by code + PKCE with openid-client, over both authentication processes', async () => {
    const config = await discover();
    oidc.enableNonRepudiationChecks(config);
    for (let i = 0; i < 4; ++i) {
      const tokens = await login(config);
      assert.equal(tokens.claims().sub, user.user_id);
      assert.equal(tokens.claims().iss, world.issuer);
      assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, user.user_id)).email, user.email);
      assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
    }
    for (const role of ['authentication-1', 'authentication-2'])
      assert.ok(await metric(role, /durward_http_requests_total\{route="[^"]*",status="200"\} (\d+)/) > 0, role);
    assert.ok(await metric('authentication-1', /durward_upstream_calls_total\{upstream="hashing"\} (\d+)/) +
      await metric('authentication-2', /durward_upstream_calls_total\{upstream="hashing"\} (\d+)/) >= 4);
    assert.equal(await metric('authentication-1', /durward_hash_seconds_count (\d+)/), 0);
  });

  it('management calls with the auth0 SDK reach the management process', async () => {
    const created = await world.client({ name: 'made through nginx' });
    assert.equal((await world.management.clients.get(created.client_id)).name, 'made through nginx');
    await world.management.users.update(user.user_id, { nickname: 'amazing' });
    assert.equal((await world.management.users.get(user.user_id)).nickname, 'amazing');
    const logs = await world.management.logs.list({ per_page: 5 });
    assert.ok(logs.data.length > 0);
    assert.equal(logs.data.every(entry => entry.ip === '127.0.0.1' || entry.ip === ''), true);
  });

  it('internal calls are not reachable through the proxy', async () => {
    assert.equal((await fetch(world.url('/internal/v1/hash'), { method: 'POST', body: 'x' })).status, 404);
  });

  it('a refresh token that management revokes is refused by authentication at once', async () => {
    const config = await discover();
    const tokens = await login(config);
    const { status } = await world.api('DELETE', `/users/${encodeURIComponent(user.user_id)}/refresh-tokens`);
    assert.ok(status === 202 || status === 204, String(status));
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), error => error.error === 'invalid_grant');
  });

  it('an authentication process that is killed costs no login', async () => {
    const config = await discover();
    const { pid, port } = summary().processes['authentication-1'];
    process.kill(pid, 'SIGKILL');
    // The signal takes effect a moment later; what was sent in it is tests/faults' business.
    while (await fetch(`http://127.0.0.1:${port}/healthz`).then(() => true, () => false)) ;
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => login(config)));
    assert.deepEqual(results.filter(r => r.status === 'rejected').map(r => r.reason.message), []);
    await assert.rejects(fleet('status'), error => /^authentication-1 .*stopped$/m.test(error.stdout));
    await fleet('start', 'authentication-1');
    assert.match((await fleet('status')).stdout, /^authentication-1 .*running, ready$/m);
  });

  it('Redis that is gone costs nothing, and comes back', async () => {
    const config = await discover();
    process.kill(summary().processes.redis.pid, 'SIGKILL');
    assert.ok((await login(config)).access_token);
    assert.ok((await world.management.clients.list()).data.length > 0);
    await fleet('start', 'redis');
    assert.ok((await login(config)).access_token);
  });

  it('without hashing a login waits politely, and works again when it is back', async () => {
    await fleet('stop', 'hashing');
    const page = await logIn(await new Browser().open(world.authorizeUrl(client)), user.email, password);
    assert.equal(page.status, 503);
    assert.equal(page.header('retry-after'), '1');
    assert.equal((await fetch(world.url('/.well-known/openid-configuration'))).status, 200, 'the rest is alive');
    await fleet('start', 'hashing');
    const end = Date.now() + 40_000;  // an ejected server is tried again within its pause
    let done;
    do done = await logIn(await new Browser().open(world.authorizeUrl(client)), user.email, password);
    while (!done.location && Date.now() < end);
    assert.ok(done.callback.code);
  });

  it('drains: while processes stop one after the other, no request that one accepted fails', async () => {
    const config = await discover();
    let stopped = false;
    const failures = [];
    const driver = async (url, options) => {
      while (!stopped) await fetch(url, options).then(async r => {
        const text = await r.text();
        if (r.status !== 200) failures.push(`${r.status} ${text.slice(0, 200)}`);
      }, error => failures.push(error.message));
    };
    // A proxy sends a GET twice, a POST never.
    const form = new URLSearchParams({ grant_type: 'password', client_id: client.client_id, client_secret: client.client_secret,
      username: user.email, password, scope: 'openid' });
    const drivers = [driver(config.serverMetadata().jwks_uri), ...[1, 2, 3].map(() => driver(world.url('/oauth/token'), { method: 'POST', body: form }))];
    for (const role of ['authentication-1', 'authentication-2']) {
      await fleet('stop', role);
      await fleet('start', role);
    }
    stopped = true;
    await Promise.all(drivers);
    assert.deepEqual(failures, []);
  });

  it('no log of any process holds a password or a token', () => {
    for (const role of ['hashing', 'extensions', 'management', 'authentication-1', 'authentication-2', 'worker'])
      assert.ok(!log(role).includes(password), role);
  });
});
