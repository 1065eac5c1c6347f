import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { listen } from '../support/app.mjs';
import { openChromium } from '../support/chromium.mjs';
import { createWorld, ordersApi, password } from '../support/world.mjs';

describe('a browser with JavaScript switched off', () => {
  let world, chromium, app, client;
  before(async () => {
    world = await createWorld();
    app = await listen((request, response) => response.end(`<!doctype html><title>app</title>${request.url}`));
    client = await world.client({ callbacks: [`${app.origin}/callback`], allowed_logout_urls: [`${app.origin}/bye`] });
    chromium = await openChromium({ javaScriptEnabled: false });
  });
  after(async () => {
    await chromium?.close();
    await app?.close();
    await world?.close();
  });

  const start = (page, parameters = {}, who = client) =>
    page.goto(world.authorizeUrl(who, { redirect_uri: `${app.origin}/callback`, prompt: 'login', ...parameters }));
  const arrives = (page, action) => Promise.all([page.waitForURL(/\/callback/), action()]);
  const press = (page, text) => page.click(text ? `button:has-text("${text}")` : 'main button[type=submit], form button[type=submit]');

  it('signs in on one page', async () => {
    const user = await world.user();
    const page = await chromium.newPage();
    await start(page);
    assert.equal(await page.getAttribute('input[name=username]', 'autocomplete'), 'username');
    assert.equal(await page.getAttribute('input[name=password]', 'autocomplete'), 'current-password');
    await page.fill('input[name=username]', user.email);
    await page.fill('input[name=password]', 'wrong');
    await press(page);
    assert.match(await page.textContent('body'), /Wrong email or password/);
    await page.fill('input[name=password]', password);
    await arrives(page, () => press(page));
    assert.match(page.url(), /code=/);
    await page.close();
  });

  it('signs in identifier-first', async () => {
    await world.management.prompts.updateSettings({ identifier_first: true });
    const user = await world.user();
    const page = await chromium.newPage();
    await start(page);
    await page.fill('input[name=username]', user.email);
    await press(page);
    await page.fill('input[name=password]', password);
    await arrives(page, () => press(page));
    assert.match(page.url(), /code=/);
    await page.close();
    await world.management.prompts.updateSettings({ identifier_first: false });
  });

  it('signs up, gets a mail and verifies the address', async () => {
    const page = await chromium.newPage();
    await start(page, { screen_hint: 'signup' });
    assert.equal(await page.getAttribute('input[name=password]', 'autocomplete'), 'new-password');
    await page.fill('input[name=email]', 'mary@acme.example');
    await page.fill('input[name=password]', 'short');
    await press(page);
    assert.match(page.url(), /\/u\/signup/);
    await page.fill('input[name=email]', 'mary@acme.example');
    await page.fill('input[name=password]', password);
    await arrives(page, () => press(page));
    const mail = await world.mailTo('mary@acme.example', m => m.template === 'verify_email');
    await page.goto(mail.text.match(/https:\S+ticket=\S+/)[0]);
    await press(page);
    const [user] = await world.management.users.listUsersByEmail({ email: 'mary@acme.example' });
    assert.equal(user.email_verified, true);
    await page.close();
  });

  it('resets a forgotten password by a mail link that works once', async () => {
    const user = await world.user();
    const page = await chromium.newPage();
    await start(page);
    await page.click('a[href*="reset-password"]');
    await page.fill('input[name=email]', user.email);
    await press(page);
    const mail = await world.mailTo(user.email, m => m.template === 'reset_email');
    const link = mail.text.match(/https:\S+ticket=\S+/)[0];
    await page.goto(link);
    await page.fill('input[name=password-reset]', 'Brand-New-Secret-9');
    await page.fill('input[name=re-enter-password]', 'Brand-New-Secret-9');
    await press(page);
    await start(page);
    await page.fill('input[name=username]', user.email);
    await page.fill('input[name=password]', 'Brand-New-Secret-9');
    await arrives(page, () => press(page));
    await page.goto(link);
    assert.equal(await page.locator('input[name=password-reset]').count(), 0);
    await page.close();
  });

  it('asks for consent for a third-party client, remembers a yes, and reports a no', async () => {
    const third = await world.client({ is_first_party: false, callbacks: [`${app.origin}/callback`] });
    const [connection] = (await world.management.connections.list({ name: 'Username-Password-Authentication' })).data;
    await world.management.connections.update(connection.id, { is_domain_connection: true });
    const user = await world.user();
    const page = await chromium.newPage();
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    const login = async () => {
      await start(page, { audience: ordersApi, scope: 'openid read:orders', ...pkce }, third);
      await page.fill('input[name=username]', user.email);
      await page.fill('input[name=password]', password);
    };
    await login();
    await press(page);
    assert.match(page.url(), /\/u\/consent/);
    assert.match(await page.textContent('body'), /See the orders/);
    await arrives(page, () => page.click('button[value=deny]'));
    assert.match(page.url(), /error=access_denied/);
    await login();
    await press(page);
    await arrives(page, () => page.click('button[value=accept]'));
    assert.match(page.url(), /code=/);
    await login();
    await arrives(page, () => press(page));
    assert.match(page.url(), /code=/);
    await page.close();
  });

  it('ends a back button, a double submit and an expired page well', async () => {
    const user = await world.user();
    const page = await chromium.newPage();
    await start(page);
    const form = page.url();
    await page.fill('input[name=username]', user.email);
    await page.fill('input[name=password]', password);
    await arrives(page, () => press(page));
    await page.goBack();
    if (/\/u\/login/.test(page.url()) && await page.locator('input[name=password]').count()) {
      await page.fill('input[name=username]', user.email);
      await page.fill('input[name=password]', password);
      await arrives(page, () => press(page));
    }
    await page.goto(form.replace(/state=[^&]+/, 'state=expired'));
    assert.ok((await page.textContent('body')).length > 20);
    await page.close();
  });

  it('signs out and says so', async () => {
    const page = await chromium.newPage();
    await page.goto(world.url('/v2/logout'));
    assert.match(await page.textContent('body'), /signed out|logged out|OK/i);
    await page.close();
  });

  it('shows a plain page at the root of the tenant', async () => {
    const page = await chromium.newPage();
    const response = await page.goto(world.url('/'));
    assert.equal(response.status(), 200);
    assert.match(await page.textContent('body'), /Acme Ltd/);
    await page.close();
  });
});
