// A client with several database connections: its people do not know in which of them they are.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser, logIn } from '../support/browser.mjs';
import { createWorld, password } from '../support/world.mjs';

describe('a client with several database connections', () => {
  let world, client;
  const first = 'Username-Password-Authentication';
  const identity = async user_id => (await world.api('GET', `/users/${user_id}`)).body.identities[0].connection;
  const of = async code => {
    const { body } = await world.exchange(client, code);
    return JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url')).sub;
  };
  const database = (name, options) => world.api('POST', '/connections', {
    name, strategy: 'auth0', enabled_clients: [client.client_id], options });

  before(async () => {
    world = await createWorld();
    client = await world.client();
    await database('staff', { requires_username: true, disable_signup: true });
  });
  after(() => world?.close());

  it('signs in people of each, by address and by username', async () => {
    const customer = await world.user();
    const colleague = await world.user({ connection: 'staff', username: 'grace' });
    assert.equal(await of((await world.signIn(client, customer)).code), customer.user_id);
    assert.equal(await of((await world.signIn(client, colleague)).code), colleague.user_id);
    assert.equal(await of((await world.signIn(client, { email: 'Grace' })).code), colleague.user_id);
  });

  it('signs in identifier-first too', async () => {
    await world.management.prompts.updateSettings({ identifier_first: true });
    const colleague = await world.user({ connection: 'staff', username: 'ada' });
    assert.equal(await of((await world.signIn(client, colleague)).code), colleague.user_id);
    await world.management.prompts.updateSettings({ identifier_first: false });
  });

  it('takes the first one where an address is in both, and the other when the application names it', async () => {
    const email = 'both@acme.example';
    const [one, other] = [await world.user({ email }),
      await world.user({ email, connection: 'staff', username: 'both', password: 'Another-Horse-8' })];
    assert.equal(await of((await world.signIn(client, one)).code), one.user_id);
    const page = await new Browser().open(world.authorizeUrl(client));
    assert.match((await logIn(page, email, 'Another-Horse-8')).text, /Wrong email or password/);
    const named = await world.signIn(client, { email, password: 'Another-Horse-8' }, { connection: 'staff' });
    assert.equal(await of(named.code), other.user_id);
  });

  it('a person who is in none of them is refused like one with a wrong password', async () => {
    const page = await new Browser().open(world.authorizeUrl(client));
    const refused = await logIn(page, 'nobody@acme.example', password);
    assert.equal(refused.status, 400);
    assert.match(refused.text, /Wrong email or password/);
  });

  it('a connection that is not enabled for the client signs nobody in', async () => {
    await database('foreign', {});
    const { body } = await world.api('GET', '/connections?name=foreign');
    await world.api('PATCH', `/connections/${body[0].id}`, { enabled_clients: [] });
    const stranger = await world.user({ connection: 'foreign' });
    const page = await new Browser().open(world.authorizeUrl(client));
    assert.match((await logIn(page, stranger.email, password)).text, /Wrong email or password/);
  });

  it('mails a reset link for the account where it is', async () => {
    const colleague = await world.user({ connection: 'staff', username: 'hedy' });
    const page = await new Browser().open(world.authorizeUrl(client));
    const ask = await page.browser.open(new URL(page.links.find(l => l.includes('reset-password')), page.url).href);
    const sent = await ask.submit({ email: colleague.email });
    assert.equal(sent.status, 200);
    const mail = await world.mailTo(colleague.email, m => /reset-verify/.test(m.text));
    const link = /https:\S+reset-verify\S+/.exec(mail.text)[0];
    const form = await page.browser.open(link);
    const names = form.forms[0].fields.filter(f => f.type === 'password').map(f => f.name);
    await form.submit(Object.fromEntries(names.map(name => [name, 'Brand-New-Horse-9'])));
    const signedIn = await world.signIn(client, { email: colleague.email, password: 'Brand-New-Horse-9' });
    assert.equal(await of(signedIn.code), colleague.user_id);
  });

  it('signs up in the first that takes new accounts', async () => {
    const page = await new Browser().open(world.authorizeUrl(client, { screen_hint: 'signup' }));
    const done = await page.submit({ email: 'new@acme.example', password });
    assert.equal(await identity(await of(done.callback.code)), first);
    const { body } = await world.api('GET', `/connections?name=${first}`);
    await world.api('PATCH', `/connections/${body[0].id}`, { options: { ...body[0].options, disable_signup: true } });
    const closed = await new Browser().open(world.authorizeUrl(client));
    assert.doesNotMatch(closed.text, /\/u\/signup/);
    assert.equal((await closed.browser.open(world.authorizeUrl(client, { screen_hint: 'signup' }))).status, 403);
    await world.api('PATCH', `/connections/${body[0].id}`, { options: body[0].options });
  });
});
