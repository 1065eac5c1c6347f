// Which pages of other origins may read an answer (Fetch Standard §3.2): those of the application that asks, and
// nobody else's. A preflight names no application, so it says yes and the answer itself decides.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createWorld, password } from '../support/world.mjs';

describe('cross-origin requests', () => {
  let world, user, tokens;
  const own = 'https://app.acme.example', foreign = 'https://evil.example';

  before(async () => {
    world = await createWorld();
    user = await world.user();
    const client = await world.client({ web_origins: [own] });
    tokens = (await world.token({ grant_type: 'password', client_id: client.client_id, client_secret: client.client_secret,
      username: user.email, password, audience: `${world.issuer}api/v2/`,
      scope: 'openid read:current_user update:current_user_metadata' })).body;
  });
  after(() => world?.close());

  const profile = (method, origin, body) => fetch(world.url(`/api/v2/users/${encodeURIComponent(user.user_id)}`), {
    method, headers: { origin, authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body) });
  const preflight = (path, method) => fetch(world.url(path), { method: 'OPTIONS', headers: { origin: own,
    'access-control-request-method': method, 'access-control-request-headers': 'authorization,content-type,auth0-client' } });

  it('an application reads and changes the profile of its user at the management API', async () => {
    const read = await profile('GET', own);
    assert.equal(read.status, 200);
    assert.equal(read.headers.get('access-control-allow-origin'), own);
    assert.match(read.headers.get('access-control-expose-headers'), /X-RateLimit-Remaining/);
    const changed = await profile('PATCH', own, { user_metadata: { colour: 'teal' } });
    assert.equal(changed.headers.get('access-control-allow-origin'), own);
    assert.equal((await changed.json()).user_metadata.colour, 'teal');
  });

  it('it may read why it was refused, too', async () => {
    const refused = await profile('PATCH', own, { blocked: true });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get('access-control-allow-origin'), own);
  });

  it('another origin may not read the answer, whosever token it sends', async () => {
    const answer = await profile('GET', foreign);
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.match(answer.headers.get('vary'), /Origin/);
  });

  for (const [path, method] of [['/api/v2/users/x', 'PATCH'], ['/oauth/token', 'POST'], ['/userinfo', 'GET'],
    ['/dbconnections/signup', 'POST'], ['/oauth/revoke', 'POST']])
    it(`a preflight for ${method} ${path} says yes`, async () => {
      const answer = await preflight(path, method);
      assert.equal(answer.status, 204);
      assert.equal(answer.headers.get('access-control-allow-origin'), own);
      assert.equal(answer.headers.get('access-control-allow-methods'), method);
      assert.match(answer.headers.get('access-control-allow-headers'), /auth0-client/);
    });

  it('a preflight for a page says no', async () => {
    assert.equal((await preflight('/authorize', 'GET')).headers.get('access-control-allow-origin'), null);
  });
});
