// Core-only mode, forced by an operator: what signs people in goes on, the rest is refused with the reason, and it ends.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser } from '../support/browser.mjs';
import { createWorld } from '../support/world.mjs';

describe('core-only mode', () => {
  let world, client, user;
  const ready = async () => (await fetch(world.url('/readyz'))).json();
  // The signal is heard on a thread of its own.
  async function force(signal, coreOnly) {
    world.server.child.kill(signal);
    const end = Date.now() + 5000;
    while (((await ready()).core_only ?? false) !== coreOnly) assert.ok(Date.now() < end, `${signal} is not heard`);
  }

  before(async () => {
    world = await createWorld();
    client = await world.client();
    user = await world.user();
    await world.managementToken().then(token => { world.apiToken = token; });
  });
  after(() => world?.close());

  it('SIGUSR1 begins it: sign-in, tokens, userinfo, keys and sign-out are served', async () => {
    await force('SIGUSR1', true);
    assert.equal((await ready()).status, 'ready');
    const { browser, code } = await world.signIn(client, user, { scope: 'openid offline_access' });
    const { status, body } = await world.exchange(client, code);
    assert.equal(status, 200);
    const userinfo = await fetch(world.url('/userinfo'), { headers: { authorization: `Bearer ${body.access_token}` } });
    assert.equal((await userinfo.json()).sub, user.user_id);
    const refreshed = await world.token({ grant_type: 'refresh_token', client_id: client.client_id,
      client_secret: client.client_secret, refresh_token: body.refresh_token });
    assert.equal(refreshed.status, 200);
    assert.equal((await fetch(world.url('/.well-known/jwks.json'))).status, 200);
    assert.ok([200, 302].includes((await browser.request(world.url(`/v2/logout?client_id=${client.client_id}`))).status));
    const again = await browser.open(world.authorizeUrl(client, { prompt: 'none' }));
    assert.equal(again.callback.error, 'login_required');
  });

  it('the rest is refused in its own shape, with the reason and when to come back', async () => {
    const api = await world.api('GET', '/clients');
    assert.deepEqual([api.status, api.body.error, api.headers.get('retry-after')], [503, 'Service Unavailable', '30']);
    assert.match(api.body.message, /core-only/);
    const signup = await fetch(world.url('/dbconnections/signup'), { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    assert.equal(signup.status, 503);
    assert.equal((await signup.json()).error, 'temporarily_unavailable');
    assert.equal((await new Browser().open(world.url('/u/signup'))).status, 503);
  });

  it('SIGUSR2 ends it', async () => {
    await force('SIGUSR2', false);
    assert.equal((await world.api('GET', '/clients')).status, 200);
  });

  it('can be how a process begins', async () => {
    const other = await createWorld({ args: ['--core-only'] });
    try {
      assert.equal((await (await fetch(other.url('/readyz'))).json()).core_only, true);
      assert.equal((await fetch(other.url('/api/v2/clients'))).status, 503);
    } finally {
      await other.close();
    }
  });
});
