// Each role alone, and a login whose passwords are hashed by another process. The processes share a data directory:
// the embedded store, the master key, the local authority and the internal key.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Browser, logIn } from '../support/browser.mjs';
import { binary, startProcess } from '../support/server.mjs';
import { callback, password, World } from '../support/world.mjs';

const run = promisify(execFile);

async function ask(url, options) {
  const response = await fetch(url, options);
  const text = await response.text();
  let body;
  try { body = JSON.parse(text); } catch { body = text; }
  return { status: response.status, headers: response.headers, body, text };
}

describe('roles', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'durward-roles-'));
  const servers = {};
  const start = (name, args) => startProcess({
    seeds: [], args: ['--data', data, '--bcrypt-cost', '4', ...args],
  }).then(server => servers[name] = server);

  before(async () => {
    const seeded = await startProcess({ args: ['--data', data, '--bcrypt-cost', '4', '--role', 'management'] });
    await seeded.stop();
    await start('hashing', ['--role', 'hashing', '--internal-listen', '127.0.0.1:0']);
    const hasher = ['--hasher', servers.hashing.ready.internal_url];
    await Promise.all([
      start('authentication', ['--role', 'authentication', ...hasher]),
      start('management', ['--role', 'management', ...hasher]),
      start('worker', ['--role', 'worker']),
      start('extensions', ['--role', 'extensions', '--internal-listen', '127.0.0.1:0']),
    ]);
  });
  after(async () => {
    await Promise.all(Object.values(servers).map(server => server.stop()));
    rmSync(data, { recursive: true, force: true });
  });

  const faces = {
    authentication: { answers: ['/.well-known/openid-configuration', '/.well-known/jwks.json'], lacks: ['/api/v2/clients'] },
    management: { answers: [], lacks: ['/.well-known/openid-configuration', '/authorize', '/oauth/token'] },
    hashing: { answers: [], lacks: ['/.well-known/openid-configuration', '/api/v2/clients', '/internal/v1/hash'] },
    worker: { answers: [], lacks: ['/.well-known/openid-configuration', '/api/v2/clients'] },
    extensions: { answers: [], lacks: ['/.well-known/openid-configuration', '/api/v2/clients', '/internal/v1/scripts'] },
  };
  for (const [role, { answers, lacks }] of Object.entries(faces)) {
    it(`${role} alone serves its faces and 404 for the others'`, async () => {
      const { base } = servers[role];
      for (const probe of ['/healthz', '/readyz', '/metrics']) assert.equal((await ask(base + probe)).status, 200, probe);
      for (const face of answers) assert.equal((await ask(base + face)).status, 200, face);
      for (const face of lacks) {
        const { status, body } = await ask(base + face);
        assert.equal(status, 404, face);
        if (face.startsWith('/api/v2')) assert.deepEqual(body, { statusCode: 404, error: 'Not Found', message: body.message });
        else assert.equal(body.error, 'not_found');
      }
    });
  }

  it('management alone asks for a token', async () => {
    assert.equal((await ask(`${servers.management.base}/api/v2/clients`)).status, 401);
  });

  it('a login passes through authentication, its password through hashing', async () => {
    const world = new World(servers.authentication, servers.authentication.ready.tenants[0]);
    const token = await world.managementToken();
    const api = async (method, resource, body) => {
      // The issuer of a single tenant is the host asked, so the other process is asked under the same name.
      const answer = await viaManagement(method, resource, body, token);
      assert.ok(answer.status < 300, answer.text);
      return answer.body;
    };
    const { port } = new URL(servers.management.base);
    async function viaManagement(method, resource, body, bearer) {
      const https = await import('node:https');
      return new Promise((resolve, reject) => {
        const request = https.request({
          host: '127.0.0.1', port, path: `/api/v2${resource}`, method,
          headers: { host: world.domain, authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        }, response => {
          const chunks = [];
          response.on('data', chunk => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode, text, body: text ? JSON.parse(text) : undefined });
          });
        });
        request.once('error', reject);
        request.end(JSON.stringify(body));
      });
    }
    const client = await api('POST', '/clients', {
      name: 'split', app_type: 'regular_web', callbacks: [callback], token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'password'],
    });
    const user = await api('POST', '/users', {
      connection: 'Username-Password-Authentication', email: 'split@acme.example', password, email_verified: true,
    });
    // Another process made the client: this one knows within a second.
    const deadline = Date.now() + 5000;
    let page;
    do page = await new Browser().open(world.authorizeUrl(client)); while (page.status !== 200 && Date.now() < deadline);
    const done = await logIn(page, user.email, password);
    assert.ok(done.callback.code, done.text);
    const exchanged = await world.exchange(client, done.callback.code);
    assert.equal(exchanged.status, 200);
    const wrong = await logIn(await new Browser().open(world.authorizeUrl(client)), user.email, 'not the password');
    assert.equal(wrong.status, 400);

    const metrics = (await ask(`${servers.hashing.base}/metrics`)).text;
    assert.match(metrics, /durward_http_requests_total\{route="internal_verify",status="200"\} [2-9]/);
    const own = (await ask(`${servers.authentication.base}/metrics`)).text;
    assert.match(own, /durward_upstream_calls_total\{upstream="hashing"\} [2-9]/);
    assert.match(own, /durward_hash_seconds_count 0/);
    for (const server of Object.values(servers)) {
      assert.ok(!server.log().includes(password));
      assert.ok(!server.log().includes('not the password'));
    }
  });

  it('without the hashing role a login is told to come back, on the page and at the token endpoint', async () => {
    const key = ['--internal-key', 'ab'.repeat(32)];
    const hashing = await startProcess({ seeds: [], ephemeral: true, args: ['--role', 'hashing', '--internal-listen', '127.0.0.1:0', ...key] });
    const alone = await startProcess({ ephemeral: true, args: [...key, '--hasher', hashing.ready.internal_url, '--internal-ca', hashing.ready.ca_file,
      '--hasher-timeout', '2000', '--bcrypt-cost', '4'] });
    try {
      await hashing.stop();
      const world = new World(alone);
      const client = await world.client();
      const page = await logIn(await new Browser().open(world.authorizeUrl(client)), 'ada@acme.example', password);
      assert.equal(page.status, 503);
      assert.equal(page.header('retry-after'), '1');
      assert.ok(page.forms.length > 0, 'the form is still there');
      const token = await world.token({
        grant_type: 'password', client_id: client.client_id, client_secret: client.client_secret,
        username: 'ada@acme.example', password, scope: 'openid',
      });
      assert.equal(token.status, 503);
      assert.equal(token.body.error, 'temporarily_unavailable');
      assert.equal(token.headers.get('retry-after'), '1');
    } finally {
      await hashing.stop();
      await alone.stop();
    }
  });

  it('the internal listener answers nobody without the key', async () => {
    const url = `${servers.hashing.ready.internal_url}/internal/v1/verify`;
    assert.equal((await ask(url, { method: 'POST', body: 'hash\npassword' })).status, 401);
    assert.equal((await ask(url, { method: 'POST', body: 'h\np', headers: { 'durward-key': 'a.1.b.c' } })).status, 401);
    assert.equal((await ask(`${servers.hashing.ready.internal_url}/healthz`)).status, 200);
    assert.equal(statSync(path.join(data, 'internal.key')).mode & 0o777, 0o600);
  });

  it('doctor tells the roles and reaches the hashing role', async () => {
    const { stdout } = await run(binary, ['doctor', '--json', '--data', data, '--role', 'authentication',
      '--listen', '127.0.0.1:0', '--hasher', servers.hashing.ready.internal_url]);
    const roles = JSON.parse(stdout).find(check => check.check === 'roles');
    assert.equal(roles.ok, true);
    assert.match(roles.found, /^authentication; passwords are hashed at https:.*\(1 servers answer\)$/);
    const failed = await run(binary, ['doctor', '--json', '--data', data, '--listen', '127.0.0.1:0',
      '--hasher', 'https://127.0.0.1:1']).catch(error => error);
    assert.equal(failed.code, 9);
    assert.match(JSON.parse(failed.stdout).find(check => check.check === 'roles').found, /127\.0\.0\.1:1/);
  });

  it('config show names the roles', async () => {
    const { stdout } = await run(binary, ['config', 'show', '--json', '--role', 'worker']);
    assert.deepEqual(JSON.parse(stdout).role.value, ['worker']);
  });
});
