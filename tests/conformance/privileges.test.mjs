// A user of any application may ask for a token for the management API; it is good for the own account and never for
// the tenant, whatever scopes were asked for and on whichever way.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser, logIn } from '../support/browser.mjs';
import { claims, createWorld, password } from '../support/world.mjs';

describe("a user's token for the management API", () => {
  let world, client, user, other;
  const wanted = 'openid offline_access read:users update:users create:clients delete:users read:client_keys read:current_user update:current_user_metadata update:current_user_identities';
  const allowed = wanted.split(' ').filter(scope => scope.includes(':current_user'));
  const administrative = token => claims(token).scope.split(' ').filter(s => /:/.test(s) && !allowed.includes(s));

  before(async () => {
    world = await createWorld();
    [client, user, other] = [await world.client(), await world.user(), await world.user()];
  });
  after(() => world?.close());

  const byPassword = () => world.token({ grant_type: 'password', client_id: client.client_id, client_secret: client.client_secret,
    username: user.email, password, audience: `${world.issuer}api/v2/`, scope: wanted });
  // Accepts whatever the consent page says.
  const byCode = async response_type => {
    const page = await new Browser().open(world.authorizeUrl(client, { audience: `${world.issuer}api/v2/`, scope: wanted,
      response_type, nonce: 'n' }));
    const consent = await logIn(page, user.email, password);
    assert.doesNotMatch(consent.text, /Read users|Create clients/i);
    return (consent.location ? consent : await consent.submit({}, { button: ['action', 'accept'] })).callback;
  };

  it('has no administrative scope by the password grant', async () => {
    assert.deepEqual(administrative((await byPassword()).body.access_token), []);
  });

  it('has none by an authorization code, nor after a refresh', async () => {
    const { body } = await world.exchange(client, (await byCode('code')).code);
    assert.deepEqual(administrative(body.access_token), []);
    if (!body.refresh_token) return;
    const renewed = await world.token({ grant_type: 'refresh_token', client_id: client.client_id,
      client_secret: client.client_secret, refresh_token: body.refresh_token });
    assert.deepEqual(administrative(renewed.body.access_token), []);
  });

  it('has none from the front channel', async () => {
    assert.deepEqual(administrative((await byCode('token')).access_token), []);
  });

  it('reads and changes the own account and nothing else', async () => {
    const token = (await byPassword()).body.access_token;
    const status = async (method, path, body) => (await world.api(method, path, body, token)).status;
    assert.equal(await status('GET', `/users/${user.user_id}`), 200);
    assert.equal(await status('PATCH', `/users/${user.user_id}`, { user_metadata: { a: '1' } }), 200);
    for (const change of [{ email: 'x@acme.example' }, { password: 'Another-Horse-8' }, { email_verified: true }, { blocked: false },
      { name: 'x' }])
      assert.equal(await status('PATCH', `/users/${user.user_id}`, change), 403, JSON.stringify(change));
    // Linking by name of the other account is for operators; a user proves it with a token of that account.
    const victim = { provider: 'auth0', user_id: other.user_id.split('|')[1] };
    assert.equal(await status('POST', `/users/${user.user_id}/identities`, victim), 403);
    for (const [method, path, body] of [['GET', '/users'], ['GET', `/users/${other.user_id}`],
      ['PATCH', `/users/${other.user_id}`, { user_metadata: { a: '1' } }], ['PATCH', `/users/${user.user_id}`, { app_metadata: {} }],
      ['DELETE', `/users/${other.user_id}`], ['POST', '/clients', { name: 'x' }], ['GET', '/clients'], ['GET', '/logs']])
      assert.equal(await status(method, path, body), 403, `${method} ${path}`);
  });
});
