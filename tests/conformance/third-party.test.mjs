// Applications of others (is_first_party: false) see the domain-level connections and no others, on the pages and at
// the endpoints for embedded forms alike.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser } from '../support/browser.mjs';
import { createWorld, password } from '../support/world.mjs';

describe('a third-party client', () => {
  let world, client;
  const pkce = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
  const signUp = (connection, email) => fetch(world.url('/dbconnections/signup'), {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: client.client_id, connection, email, password }) });

  before(async () => {
    world = await createWorld();
    client = await world.client({ is_first_party: false });
    for (const [name, is_domain_connection] of [['everybody', true], ['insiders', false]])
      assert.equal((await world.api('POST', '/connections', { name, strategy: 'auth0', is_domain_connection })).status, 201);
  });
  after(() => world?.close());

  it('signs people up and in at a domain-level connection', async () => {
    const email = 'ada@everybody.example';
    assert.equal((await signUp('everybody', email)).status, 200);
    const { page } = await world.signIn(client, { email }, { ...pkce, connection: 'everybody' });
    assert.match(page.text, /name="action" value="accept"/, 'the password was right, consent comes next');
  });

  it('finds no other connection', async () => {
    const answer = await signUp('insiders', 'eve@insiders.example');
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).description, 'connection not found');
    const page = await new Browser().open(world.authorizeUrl(client, { ...pkce, connection: 'insiders' }));
    assert.equal(page.callback.error_description, 'the connection was not found');
  });
});
