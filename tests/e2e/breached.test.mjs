// Breached-password detection end to end: a list is built by the command, a server uses it, stock clients meet it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AuthenticationClient } from 'auth0';
import { Browser, logIn } from '../support/browser.mjs';
import { binary } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { createWorld } from '../support/world.mjs';

const sha1 = text => createHash('sha1').update(text).digest('hex').toUpperCase();
const leaked = 'Everybody-Knows-This-1';

describe('breached passwords', embeddedOnly('starts one server with a list of its own'), () => {
  let folder, world, client, auth;
  const settings = body => world.api('PATCH', '/attack-protection/breached-password-detection', body);
  const logs = async type => {
    for (let tries = 0; tries < 100; ++tries) {
      const { body } = await world.api('GET', '/logs?per_page=100');
      const found = body.filter(record => record.type === type);
      if (found.length) return found;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    return [];
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'durward-breached-'));
    writeFileSync(join(folder, 'list.txt'), `${sha1(leaked)}:4711\n${sha1('letmein')}:9\n`);
    const built = JSON.parse(execFileSync(binary, ['breached', 'build', '--from', join(folder, 'list.txt'), '--out',
      join(folder, 'list.filter'), '--json'], { encoding: 'utf8' }));
    assert.equal(built.count, 2);
    world = await createWorld({ args: ['--breached-passwords', join(folder, 'list.filter')] });
    client = await world.client();
    auth = new AuthenticationClient({ domain: world.domain, clientId: client.client_id, clientSecret: client.client_secret });
  });
  after(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('the command says what is on the list, by its exit code too', () => {
    const check = input => spawnSync(binary, ['breached', 'check', '--breached-passwords', join(folder, 'list.filter')], { input });
    assert.equal(check(leaked).status, 9);
    assert.equal(check('Nobody-Knows-This-1').status, 0);
  });

  it('an untouched tenant does not look', async () => {
    const user = await world.user({ password: leaked });
    const { page } = await world.signIn(client, { email: user.email, password: leaked });
    assert.ok(page.location);
  });

  it('a sign-up with a leaked password is refused with password_leaked and logged', async () => {
    await settings({ enabled: true, stage: { 'pre-user-registration': { shields: ['block'] }, 'pre-change-password': { shields: ['block'] } } });
    await assert.rejects(auth.database.signUp({ connection: 'Username-Password-Authentication', email: 'new@acme.example', password: leaked }),
      error => error.statusCode === 400 && JSON.parse(error.body).code === 'password_leaked');
    assert.equal((await logs('signup_pwd_leak')).length, 1);
    await auth.database.signUp({ connection: 'Username-Password-Authentication', email: 'new@acme.example', password: 'Only-Mine-47' });
  });

  it('a sign-in with a leaked password is blocked, the person gets a link, and the new password signs in', async () => {
    await settings({ enabled: true, shields: ['block', 'user_notification'] });
    const user = await world.user({ password: leaked });
    const page = await new Browser().open(world.authorizeUrl(client));
    const refused = await logIn(page, user.email, leaked);
    assert.equal(refused.status, 400);
    assert.match(refused.text, /known from a data leak/);
    const [record] = await logs('pwd_leak');
    assert.equal(record.user_id, user.user_id);

    const mail = await world.mailTo(user.email, m => m.template === 'stolen_credentials');
    const link = mail.text.match(/https:\S+ticket=\S+/)[0];
    const form = await new Browser().open(link);
    const again = await form.submit({ 'password-reset': leaked, 're-enter-password': leaked });
    assert.match(again.text, /known from a data leak/);
    assert.ok((await logs('reset_pwd_leak')).length >= 1);
    await again.submit({ 'password-reset': 'Only-Mine-48', 're-enter-password': 'Only-Mine-48' });
    const { page: back } = await world.signIn(client, { email: user.email, password: 'Only-Mine-48' });
    assert.ok(back.location);
  });

  it('the password grant is refused with 401 password_leaked, once the password is right only', async () => {
    await settings({ enabled: true, shields: ['block'] });
    const user = await world.user({ password: leaked });
    const grant = password => world.token({
      grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm: 'Username-Password-Authentication',
      client_id: client.client_id, client_secret: client.client_secret, username: user.email, password,
    });
    assert.deepEqual([(await grant('letmein')).status, (await grant('letmein')).body.error], [403, 'invalid_grant']);
    const { status, body } = await grant(leaked);
    assert.deepEqual([status, body.error], [401, 'password_leaked']);
  });
});
