// Malformed and hostile requests, one row each: what is sent, and the status and body that must come back. The rows say
// which clause or attack they stand for. HOSTILE_TABLE=file writes the answers as a table.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { Browser } from '../support/browser.mjs';
import { startServer } from '../support/server.mjs';
import { callback, claims, ordersApi, password, World } from '../support/world.mjs';

const b64 = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const form = 'application/x-www-form-urlencoded';
const json = 'application/json';
const rows = [];

// What a person or a client sees of an answer: a page without its head and tags, the last line of raw bytes.
function visible(text) {
  const body = text.startsWith('HTTP/1.') ? text.slice(text.indexOf('\r\n\r\n') + 4) : text;
  if (!/^<!doctype/i.test(body)) return body.replace(/("\w+_token":")[^"]*/g, '$1…').replace(/\s+/g, ' ').trim();
  return body.replace(/<head>[\s\S]*<\/head>/, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').trim();
}

describe('hostile and malformed requests', () => {
  let world, other, client, spa, user, token, tokens, agent;

  before(async () => {
    const server = await startServer({ seeds: [new URL('../support/acme.yaml', import.meta.url).pathname,
      new URL('../support/rival.yaml', import.meta.url).pathname] });
    world = new World(server, server.tenant('acme'));
    other = new World(server, server.tenant('rival'));
    [client, spa, user] = [await world.client(), await world.client({ app_type: 'native',
      token_endpoint_auth_method: 'none' }), await world.user()];
    token = await world.managementToken();
    const { code } = await world.signIn(client, user, { scope: 'openid profile offline_access' });
    tokens = (await world.exchange(client, code)).body;
    agent = new https.Agent({ keepAlive: false });
  });
  after(async () => {
    agent?.destroy();
    if (process.env.HOSTILE_TABLE)
      writeFileSync(process.env.HOSTILE_TABLE, rows.map(r => `| ${r.join(' | ')} |`).join('\n') + '\n');
    await world?.close();
  });

  async function send({ method = 'GET', path, url, headers = {}, body }) {
    const response = await fetch(url ?? world.url(path), { method, headers, body, redirect: 'manual' });
    return { status: response.status, text: await response.text(), location: response.headers.get('location'),
      headers: response.headers };
  }
  // Bytes that no client library would send.
  function raw(bytes) {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(world.origin);
      const socket = tls.connect({ host: hostname, port, servername: hostname, ALPNProtocols: ['http/1.1'] });
      let text = '';
      socket.on('data', data => { text += data.toString('latin1'); if (text.includes('\r\n\r\n')) socket.end(); });
      socket.once('error', reject);
      socket.once('close', () => resolve({ status: Number(text.split(' ')[1]), text }));
      socket.write(bytes);
    });
  }
  const host = () => new URL(world.origin).host;

  function row(name, make, status, pattern, more) {
    it(name, async () => {
      const request = await make();
      const answer = request.raw ? await raw(request.raw) : await send(request);
      const shown = (answer.location ? `→ ${answer.location.slice(0, 90)}` : visible(answer.text).slice(0, 130))
        .replaceAll('|', '\\|');
      rows.push([name, answer.status, shown]);
      assert.ok([status].flat().includes(answer.status), `status ${answer.status}: ${answer.text.slice(0, 400)}`);
      if (pattern) assert.match(answer.location ?? answer.text, pattern);
      await more?.(answer, request);
    });
  }
  const authorize = (parameters, who = client) => ({ url: world.authorizeUrl(who, parameters) });
  const tokenForm = (body, headers = {}) => ({ method: 'POST', path: '/oauth/token', headers: { 'content-type': form, ...headers },
    body: body instanceof URLSearchParams || body instanceof Uint8Array || typeof body === 'string' ? body : new URLSearchParams(body) });
  const stays = answer => assert.equal(answer.location, null, 'must not redirect');
  const api = (method, path, body, more = {}) => ({ method, path: `/api/v2${path}`, body: typeof body === 'object' ? JSON.stringify(body) : body,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': json }), ...more } });

  describe('redirect URI confusion (RFC 9700 §4.1)', () => {
    const evil = {
      'another host': 'https://evil.example/callback',
      'the registered one as a prefix': `${callback}.evil.example`,
      'a path below the registered one': `${callback}/../evil`,
      'user information before another host': 'https://app.acme.example@evil.example/callback',
      'a backslash': 'https://app.acme.example\\@evil.example/callback',
      'an added query': `${callback}?next=https://evil.example`,
      'another scheme': callback.replace('https', 'http'),
      'upper case path': callback.replace('callback', 'Callback'),
      'a fragment': `${callback}#x`,
      'another port': callback.replace('.example/', '.example:8443/'),
      'a javascript: URL': 'javascript:alert(1)',
      'a data: URL': 'data:text/html,<script>alert(1)</script>',
      'a line break': `${callback}\r\nSet-Cookie: a=b`,
      'a percent-encoded path': callback.replace('callback', '%63allback'),
      'an empty value': '',
    };
    for (const [name, uri] of Object.entries(evil))
      row(`redirect_uri: ${name}`, () => authorize({ redirect_uri: uri }), [400, 403], undefined, stays);
    row('redirect_uri twice', () => ({ url: `${world.authorizeUrl(client)}&redirect_uri=https://evil.example/` }),
      [400, 403], undefined, stays);
    row('code exchanged with another redirect_uri', async () => {
      const { code } = await world.signIn(client, user);
      return tokenForm({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret,
        code, redirect_uri: 'https://evil.example/' });
    }, [400, 403], /invalid_(grant|request)/);
    row('logout to an address that is not allowed', () => ({ path: `/v2/logout?client_id=${client.client_id}&returnTo=https%3A%2F%2Fevil.example` }),
      400, undefined, stays);
    row('RP-initiated logout to an address that is not allowed', () => ({
      path: `/oidc/logout?id_token_hint=${tokens.id_token}&post_logout_redirect_uri=https%3A%2F%2Fevil.example` }), 400, undefined, stays);
  });

  describe('/authorize', () => {
    row('no client_id', () => ({ path: '/authorize?response_type=code' }), 400, undefined, stays);
    row('unknown client_id', () => authorize({ client_id: 'nobody' }), [400, 403], undefined, stays);
    row("another tenant's client_id", async () => authorize({ client_id: (await other.client()).client_id }), [400, 403], undefined, stays);
    row('no response_type', () => ({ path: `/authorize?client_id=${client.client_id}&redirect_uri=${encodeURIComponent(callback)}&state=s` }),
      302, /error=invalid_request.*state=s/);
    row('unknown response_type', () => authorize({ response_type: 'password' }), 302, /error=unsupported_response_type/);
    row('scope twice (RFC 6749 §3.1)', () => ({ url: `${world.authorizeUrl(client)}&scope=x` }), [302, 400], /error=invalid_request|invalid_request/);
    row('response_mode=query for an ID token', () => authorize({ response_type: 'id_token', response_mode: 'query', nonce: 'n' }),
      302, /error=invalid_request/);
    row('ID token without nonce', () => authorize({ response_type: 'id_token' }), 302, /error=invalid_request/);
    row('unknown response_mode', () => authorize({ response_mode: 'carrier_pigeon' }), [302, 400], /invalid_request|unsupported_response_mode/);
    row('unknown prompt', () => authorize({ prompt: 'shout' }), 302, /error=invalid_request/);
    row('prompt none with another', () => authorize({ prompt: 'none login' }), 302, /error=invalid_request/);
    row('negative max_age', () => authorize({ max_age: '-1' }), 302, /error=invalid_request/);
    row('public client without PKCE', () => authorize({}, spa), 302, /error=invalid_request/);
    row('short code_challenge (RFC 7636 §4.2)', () => authorize({ code_challenge: 'x', code_challenge_method: 'S256' }), 302, /error=invalid_request/);
    row('unknown code_challenge_method', () => authorize({ code_challenge: 'x'.repeat(43), code_challenge_method: 'MD5' }), 302, /error=invalid_request/);
    row('unknown API', () => authorize({ audience: 'https://nobody.example' }), 302, /error=access_denied.*Service\+?(%20)?not/);
    row('unknown connection', () => authorize({ connection: 'nowhere' }), 302, /error=invalid_request/);
    row('a request object', () => authorize({ request: 'eyJ.e30.' }), 302, /error=(request_not_supported|invalid_request)/);
    row('web_message towards a foreign origin', () => authorize({ response_mode: 'web_message', prompt: 'none', redirect_uri: 'https://evil.example/' }),
      [400, 403], undefined, stays);
    row('broken percent escape', () => ({ path: '/authorize?client_id=%zz' }), 400, undefined, stays);
    row('broken UTF-8', () => ({ path: '/authorize?client_id=%ff%fe' }), 400, undefined, stays);
    row('NUL byte', () => ({ path: '/authorize?client_id=a%00b' }), 400, undefined, stays);
    row('script in state comes back escaped', () => authorize({ state: '"><script>alert(1)</script>', redirect_uri: 'https://evil.example/' }),
      [400, 403], undefined, answer => assert.doesNotMatch(answer.text, /<script>alert/));
  });

  describe('/oauth/token', () => {
    row('GET', () => ({ path: '/oauth/token' }), [404, 405]);
    row('no body', () => tokenForm(''), 400, /invalid_request/);
    row('text/plain', () => tokenForm('grant_type=client_credentials', { 'content-type': 'text/plain' }), [400, 415], /invalid_request/);
    row('broken JSON', () => tokenForm('{"grant_type":', { 'content-type': json }), 400, /invalid_request/);
    row('JSON array', () => tokenForm('[]', { 'content-type': json }), 400, /invalid_request/);
    row('JSON 100 levels deep', () => tokenForm('['.repeat(100) + ']'.repeat(100), { 'content-type': json }), 400, /invalid_request/);
    row('number where text belongs', () => tokenForm(`{"grant_type":1,"client_id":"${client.client_id}"}`, { 'content-type': json }), 400, /invalid_request/);
    row('broken UTF-8 in JSON', () => tokenForm(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), { 'content-type': json }), 400, /invalid_request/);
    row('grant_type twice (RFC 6749 §3.2)', () => tokenForm(`grant_type=client_credentials&grant_type=password&client_id=${client.client_id}&client_secret=${client.client_secret}`), 400, /invalid_request/);
    row('unknown grant type', () => tokenForm({ grant_type: 'magic', client_id: client.client_id, client_secret: client.client_secret }), 400, /unsupported_grant_type/);
    row('grant not enabled for the client', () => tokenForm({ grant_type: 'password', client_id: spa.client_id, username: 'a', password: 'b' })
      , [400, 403], /unauthorized_client|invalid_grant/);
    row('wrong secret', () => tokenForm({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: 'wrong', audience: ordersApi }), 401, /access_denied|invalid_client/);
    row('no secret', () => tokenForm({ grant_type: 'client_credentials', client_id: client.client_id, audience: ordersApi }), 401, /access_denied|invalid_client/);
    row('unknown client', () => tokenForm({ grant_type: 'client_credentials', client_id: 'nobody', client_secret: 'x' }), [401, 403], /access_denied|invalid_client/);
    row("another tenant's client", async () => {
      const foreign = await other.client();
      return tokenForm({ grant_type: 'client_credentials', client_id: foreign.client_id, client_secret: foreign.client_secret, audience: ordersApi });
    }, [401, 403], /access_denied|invalid_client/);
    row('two ways of client authentication (RFC 6749 §2.3)', () => tokenForm({ grant_type: 'client_credentials', client_id: spa.client_id, client_secret: 'x' },
      { authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` }), [400, 401], /invalid_(request|client)/);
    row('Basic that is not base64', () => tokenForm({ grant_type: 'client_credentials' }, { authorization: 'Basic %%%' }), [400, 401], /invalid_(request|client)|access_denied/);
    row('made-up code', () => tokenForm({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code: 'x'.repeat(50), redirect_uri: callback }), 403, /invalid_grant/);
    row('a code of another client', async () => {
      const { code } = await world.signIn(await world.client(), user);
      return tokenForm({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code, redirect_uri: callback });
    }, 403, /invalid_grant/);
    row('a code used twice; what it gave is revoked (RFC 6749 §4.1.2)', async () => {
      const { code } = await world.signIn(client, user, { scope: 'openid offline_access' });
      const first = (await world.exchange(client, code)).body;
      const again = { grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code, redirect_uri: callback };
      return { ...tokenForm(again), first };
    }, 403, /invalid_grant/, async (_, { first }) => {
      const refresh = await world.token({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret, refresh_token: first.refresh_token });
      assert.equal(refresh.status, 403);
      const info = await send({ path: '/userinfo', headers: { authorization: `Bearer ${first.access_token}` } });
      assert.equal(info.status, 401);
    });
    row('wrong code_verifier', async () => {
      const { code } = await world.signIn(client, user, { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' });
      return tokenForm({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code, redirect_uri: callback, code_verifier: 'x'.repeat(43) });
    }, 403, /Failed to verify code verifier/);
    row('code_verifier missing', async () => {
      const { code } = await world.signIn(client, user, { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' });
      return tokenForm({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code, redirect_uri: callback });
    }, [400, 403], /invalid_(grant|request)/);
    row('code_verifier for a code without challenge (RFC 9700 §2.1.1)', async () => {
      const { code } = await world.signIn(client, user);
      return tokenForm({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code, redirect_uri: callback, code_verifier: 'x'.repeat(43) });
    }, [400, 403], /invalid_(grant|request)/);
    row('made-up refresh token', () => tokenForm({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret, refresh_token: 'v1.abc' }), 403, /Unknown or invalid refresh token\./);
    row("another client's refresh token", async () => {
      const thief = await world.client();
      return tokenForm({ grant_type: 'refresh_token', client_id: thief.client_id, client_secret: thief.client_secret, refresh_token: tokens.refresh_token });
    }, 403, /Unknown or invalid refresh token\./);
    row('refresh with a wider scope', () => tokenForm({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret, refresh_token: tokens.refresh_token, scope: 'openid write:orders' }), [200, 400, 403], undefined,
      answer => assert.doesNotMatch(answer.text, /write:orders/));
    row('an API that was not granted', () => tokenForm({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret, audience: ordersApi }), 403, /access_denied/);
    row('body of 2 MiB', () => tokenForm('a='.padEnd(2 << 20, 'x')), 413);
    row('1,500 parameters', () => tokenForm(Array.from({ length: 1500 }, (_, i) => `a${i}=1`).join('&')), 400, /invalid_request/);
  });

  describe('hostile tokens', () => {
    const userinfo = bearer => ({ path: '/userinfo', headers: { authorization: `Bearer ${bearer}` } });
    row('userinfo without a token', () => ({ path: '/userinfo' }), 401, undefined, a => assert.match(a.headers.get('www-authenticate') ?? '', /Bearer/));
    row('userinfo with rubbish', () => userinfo('rubbish'), 401);
    row('userinfo with an ID token', () => userinfo(tokens.id_token), 401);
    row('token in two places (RFC 6750 §2)', () => ({ method: 'POST', path: '/userinfo', headers: { 'content-type': form, authorization: `Bearer ${tokens.access_token}` }, body: `access_token=${tokens.access_token}` }), [400, 401]);
    const forged = change => {
      const [head, body, signature] = token.split('.');
      return change(JSON.parse(Buffer.from(head, 'base64url')), JSON.parse(Buffer.from(body, 'base64url')), signature, head, body);
    };
    const bearer = make => ({ path: '/api/v2/clients', headers: { authorization: `Bearer ${make()}` } });
    row('API v2 without a token', () => ({ path: '/api/v2/clients' }), 401, /"statusCode":401/);
    row('alg none (RFC 8725 §2.1)', () => bearer(() => forged((h, p) => `${b64({ ...h, alg: 'none' })}.${b64(p)}.`)), 401);
    row('changed payload', () => bearer(() => forged((h, p, s, head) => `${head}.${b64({ ...p, scope: p.scope + ' more' })}.${s}`)), 401);
    row('foreign kid', () => bearer(() => forged((h, p, s, _, body) => `${b64({ ...h, kid: 'other' })}.${body}.${s}`)), 401);
    row('embedded jwk', () => bearer(() => forged((h, p, s, _, body) => `${b64({ ...h, jwk: { kty: 'oct', k: 'AA' } })}.${body}.${s}`)), 401);
    row('unknown crit', () => bearer(() => forged((h, p, s, _, body) => `${b64({ ...h, crit: ['b64'], b64: false })}.${body}.${s}`)), 401);
    row('signature cut off', () => bearer(() => token.slice(0, -10)), 401);
    row('signature with a stray character', () => bearer(() => token + 'A'), 401);
    row('token of 100 kB', () => bearer(() => 'a'.repeat(100_000)), [401, 431]);
    row("another tenant's management token", async () => {
      const foreign = await other.managementToken();
      return { path: '/api/v2/clients', headers: { authorization: `Bearer ${foreign}` } };
    }, 401);
    row('an ordinary access token at API v2', () => ({ path: '/api/v2/clients', headers: { authorization: `Bearer ${tokens.access_token}` } }), 401);
    row('a token without the scope', async () => {
      const weak = await world.client({ app_type: 'non_interactive' });
      await world.management.clientGrants.create({ client_id: weak.client_id, audience: `${world.issuer}api/v2/`, scope: ['read:roles'] });
      const { body } = await world.token({ grant_type: 'client_credentials', client_id: weak.client_id, client_secret: weak.client_secret, audience: `${world.issuer}api/v2/` });
      return { path: '/api/v2/clients', headers: { authorization: `Bearer ${body.access_token}` } };
    }, 403, /insufficient_scope/);
  });

  describe('management API', () => {
    row('unknown member', () => api('POST', '/clients', { name: 'x', colour: 'red' }), 400, /invalid_body/);
    row('missing member', () => api('POST', '/clients', {}), 400, /invalid_body/);
    row('wrong type', () => api('POST', '/clients', { name: 7 }), 400, /invalid_body/);
    row('not in the enumeration', () => api('POST', '/clients', { name: 'x', app_type: 'toaster' }), 400, /invalid_body/);
    row('broken JSON', () => api('POST', '/clients', '{'), 400);
    row('repeated member', () => api('POST', '/clients', '{"name":"a","name":"b"}'), 400);
    row('no content type', () => ({ ...api('POST', '/clients', undefined), body: '{"name":"x"}' }), [400, 415]);
    row('javascript: callback', () => api('POST', '/clients', { name: 'x', callbacks: ['javascript:alert(1)'] }), 400);
    row('bad page', () => api('GET', '/clients?page=-1'), 400, /invalid_query_string/);
    row('per_page too large', () => api('GET', '/clients?per_page=1000'), 400, /invalid_query_string/);
    row('unknown path', () => api('GET', '/nothing'), 404, /"statusCode":404/);
    row('unknown method', () => api('PUT', '/clients'), [404, 405], /"statusCode":40[45]/);
    row("another tenant's client looks missing", async () => api('GET', `/clients/${(await other.client()).client_id}`), 404, /inexistent_client/);
    row("another tenant's user looks missing", async () => api('GET', `/users/${encodeURIComponent((await other.user()).user_id)}`), 404, /inexistent_user/);
    row("another tenant's connection looks missing", async () => {
      const connection = (await other.management.connections.list()).data[0];
      return api('GET', `/connections/${connection.id}`);
    }, 404, /inexistent_connection/);
    row("another tenant's role cannot be given", async () => {
      const role = await other.management.roles.create({ name: 'king' });
      return api('POST', `/users/${encodeURIComponent(user.user_id)}/roles`, { roles: [role.id] });
    }, [400, 404]);
    row('the global client cannot be deleted', async () => {
      const [global] = (await world.management.clients.list({ is_global: true })).data;
      return api('DELETE', `/clients/${global.client_id}`);
    }, [400, 403]);
    row('the system API cannot be deleted', () => api('DELETE', `/resource-servers/${encodeURIComponent(`${world.issuer}api/v2/`)}`), [400, 403]);
    row('weak password', () => api('POST', '/users', { connection: 'Username-Password-Authentication', email: 'w@acme.example', password: 'a' }), 400, /PasswordStrengthError/);
    row('the same user twice', () => api('POST', '/users', { connection: 'Username-Password-Authentication', email: user.email, password }), 409);
    row('e-mail and password in one change', () => api('PATCH', `/users/${encodeURIComponent(user.user_id)}`, { email: 'q@acme.example', password }), 400);
    row('SQL in a search', () => api('GET', `/users?q=${encodeURIComponent("email:\"x' OR 1=1 --\"")}`), [200, 400], undefined,
      answer => assert.doesNotMatch(answer.text, /auth0\|/));
    row('path traversal in an id', () => api('GET', '/clients/..%2f..%2fetc%2fpasswd'), [400, 404]);
  });

  describe('attack protection', () => {
    const brute = '/attack-protection/brute-force-protection';
    row('an allow list of names', () => api('PATCH', brute, { allowlist: ['trusted.example'] }), 400, /allowlist\.0/);
    row('a block of addresses with host bits', () => api('PATCH', brute, { allowlist: ['10.0.0.1/8'] }), 400, /allowlist\.0/);
    row('no attempts at all', () => api('PATCH', brute, { max_attempts: 0 }), 400, /less than minimum 1/);
    row('a captcha provider nobody knows', () => api('PATCH', '/attack-protection/captcha', { active_provider_id: 'mine' }), 400, /No enum match/);
    row('blocks of an address that is none', () => api('GET', '/anomaly/blocks/ips/here'), 400, /invalid_uri/);
    row('a made-up unblock link', () => ({ path: '/u/brute-force-protection-unblock?ticket=abc' }), 400, /no longer valid/);
    const guess = (username, word) => tokenForm({ grant_type: 'http://auth0.com/oauth/grant-type/password-realm', client_id: client.client_id,
      client_secret: client.client_secret, realm: 'Username-Password-Authentication', username, password: word });
    row('the tenth wrong password of an account', async () => {
      const { email } = await world.user();
      for (let i = 0; i < 9; ++i) await send(guess(email, 'wrong'));
      return guess(email, 'wrong');
    }, 429, /too_many_attempts/);
    row('the right password after ten wrong ones', async () => {
      const { email } = await world.user();
      for (let i = 0; i < 10; ++i) await send(guess(email, 'wrong'));
      return guess(email, password);
    }, 429, /too_many_attempts/);
  });

  describe('login pages', () => {
    row('no state', () => ({ path: '/u/login' }), [302, 400, 403]);
    row('made-up state', () => ({ path: '/u/login?state=abc' }), [302, 400, 403]);
    row("another browser's state (login CSRF)", async () => {
      const page = await new Browser().open(world.authorizeUrl(client));
      const body = new URLSearchParams(page.forms.find(f => f.fields.some(x => x.name === 'password')).fields.filter(f => f.name).map(f => [f.name, f.value]));
      body.set('username', user.email);
      body.set('password', password);
      return { method: 'POST', url: page.url, headers: { 'content-type': form }, body };
    }, [302, 400, 403], undefined, answer => assert.doesNotMatch(answer.location ?? '', /code=/));
    row('a form sent by another site', async () => {
      const browser = new Browser();
      const page = await browser.open(world.authorizeUrl(client));
      const body = new URLSearchParams(page.forms.find(f => f.fields.some(x => x.name === 'password')).fields.filter(f => f.name).map(f => [f.name, f.value]));
      body.set('username', user.email);
      body.set('password', password);
      const cookie = [...browser.jar(page.url)].map(([n, v]) => `${n}=${v}`).join('; ');
      return { method: 'POST', url: page.url, headers: { 'content-type': form, cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, body };
    }, [400, 403]);
    row('the page may not be framed', async () => ({ url: (await new Browser().open(world.authorizeUrl(client))).url }), [200, 302, 400, 403], undefined, async () => {
      const page = await new Browser().open(world.authorizeUrl(client));
      assert.match(page.header('content-security-policy'), /frame-ancestors 'none'/);
      assert.match(page.header('content-security-policy'), /default-src 'none'/);
      assert.equal(page.header('x-frame-options')?.toUpperCase(), 'DENY');
      assert.equal(page.header('cache-control'), 'no-store');
    });
    row('an eleventh mail at once for one mailbox', async () => {
      const mail = email => ({ method: 'POST', path: '/dbconnections/change_password', headers: { 'content-type': json },
        body: JSON.stringify({ connection: 'Username-Password-Authentication', email }) });
      for (let i = 0; i < 10; ++i) assert.equal((await send(mail('flooded@acme.example'))).status, 200);
      assert.equal((await send(mail('other@acme.example'))).status, 200);
      return mail('Flooded@acme.example');
    }, 429, /too_many_requests/, answer => {
      const wait = Number(answer.headers.get('retry-after'));
      assert.ok(wait > 0 && wait <= 60, `one a minute, ${wait} s`);
    });
    row('made-up ticket', () => ({ path: '/u/reset-verify?ticket=abc' }), [200, 400, 404], undefined,
      answer => assert.doesNotMatch(answer.text, /type="?password/));
  });

  describe('challenges and leaked passwords', () => {
    let robot;
    const settings = (name, body) => other.api('PATCH', `/attack-protection/${name}`, body);
    const solve = ({ seed, bits }) => {
      for (let n = 0; ; ++n) {
        const counter = n.toString(16).padStart(8, '0');
        if (Math.clz32(createHash('sha256').update(seed + counter).digest().readInt32BE(0)) >= bits) return counter;
      }
    };
    const challenge = async (path, state) => (await (await fetch(other.url(path), { method: 'POST', headers: { 'content-type': json },
      body: JSON.stringify({ state }) })).json()).proof_of_work;
    const signUp = more => ({ method: 'POST', url: other.url('/dbconnections/signup'), headers: { 'content-type': json }, body: JSON.stringify({
      client_id: robot.client_id, connection: 'Username-Password-Authentication', email: 'robot@rival.example', password, ...more }) });
    const answered = async (path, state) => {
      const work = await challenge(path, state);
      return { captcha: solve(work), captcha_token: work.token, state };
    };
    const sign_up = '/dbconnections/signup/challenge';
    before(async () => {
      await other.api('PATCH', '/tenants/settings', { flags: { enable_client_connections: true } });
      robot = await other.client();
      await settings('bot-detection', { challenge_password_policy: 'always' });
      await settings('breached-password-detection', { enabled: true, stage: { 'pre-user-registration': { shields: ['block'] } } });
    });
    after(() => settings('bot-detection', { challenge_password_policy: 'when_risky' }));

    row('a sign-up without the answer that its tenant asks for', () => signUp({}), 400, /requires_verification/);
    row('a made-up challenge', () => signUp({ captcha: '00000000', captcha_token: 'abc' }), 400, /invalid_captcha/);
    row('a proof that is none', async () => signUp({ ...await answered(sign_up, 'a'), captcha: 'ffffffff' }), 400, /invalid_captcha/);
    row('a proof for another state', async () => signUp({ ...await answered(sign_up, 'a'), state: 'b' }), 400, /invalid_captcha/);
    row('a proof for another form', async () => signUp(await answered('/usernamepassword/challenge', 'a')), 400, /invalid_captcha/);
    row('a proof given twice', async () => {
      const answer = await answered(sign_up, 'a');
      await send(signUp({ ...answer, password: 'short' }));
      return signUp(answer);
    }, 400, /invalid_captcha/);
    row('a sign-up with a password that everybody has', async () => signUp({ ...await answered(sign_up, 'a'), password: 'Password123!' }), 400, /password_leaked/);
    row('a password grant without an answer', () => ({ method: 'POST', url: other.url('/oauth/token'), headers: { 'content-type': json }, body: JSON.stringify({
      grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm: 'Username-Password-Authentication', client_id: robot.client_id,
      client_secret: robot.client_secret, username: 'robot@rival.example', password }) }), 401, /requires_verification/);
  });

  describe('bytes', () => {
    const get = more => `GET /.well-known/jwks.json HTTP/1.1\r\nHost: ${host()}\r\n${more}\r\n`;
    row('no Host (RFC 9112 §3.2)', () => ({ raw: 'GET / HTTP/1.1\r\n\r\n' }), 400);
    row('two Hosts', () => ({ raw: get('Host: evil.example\r\n') }), 400);
    row('unknown Host', () => ({ raw: 'GET /authorize HTTP/1.1\r\nHost: evil.example\r\n\r\n' }), 404);
    row('Content-Length and Transfer-Encoding (RFC 9112 §6.1)', () => ({ raw: `POST /oauth/token HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` }), 400);
    row('two Content-Lengths', () => ({ raw: `POST /oauth/token HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd` }), 400);
    row('header of 20 kB', () => ({ raw: get(`X: ${'a'.repeat(20_000)}\r\n`) }), 431);
    row('URL of 10 kB', () => ({ raw: `GET /${'a'.repeat(10_000)} HTTP/1.1\r\nHost: ${host()}\r\n\r\n` }), [414, 431]);
    row('a space in a header name', () => ({ raw: get('X Y: 1\r\n') }), 400);
    row('not HTTP', () => ({ raw: 'HELO\r\n\r\n' }), 400);
  });

  it('HS256 with the public key as secret is refused (signed for real)', async () => {
    const pem = await (await fetch(world.url('/pem'))).text();
    const payload = claims(token);
    const body = `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64(payload)}`;
    for (const secret of [pem, pem.trim()]) {
      const mac = createHmac('sha256', secret).update(body).digest('base64url');
      const answer = await send({ path: '/api/v2/clients', headers: { authorization: `Bearer ${body}.${mac}` } });
      assert.equal(answer.status, 401);
    }
  });

  it('kept secrets, tokens and passwords out of the log', () => {
    const log = world.server.log();
    for (const secret of [client.client_secret, password, tokens.access_token, tokens.refresh_token, tokens.id_token])
      assert.ok(!log.includes(secret));
  });
});
