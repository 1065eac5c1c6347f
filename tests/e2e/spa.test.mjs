import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listen } from '../support/app.mjs';
import { openChromium } from '../support/chromium.mjs';
import { createWorld, ordersApi, password } from '../support/world.mjs';

const require = createRequire(import.meta.url);
const sdk = path.join(path.dirname(require.resolve('@auth0/auth0-spa-js/package.json')), 'dist/auth0-spa-js.production.js');

describe('npm @auth0/auth0-spa-js in Chromium', () => {
  let world, app, chromium, client, user;
  before(async () => {
    world = await createWorld({ hostname: 'localhost' });
    const script = readFileSync(sdk);
    app = await listen((request, response) => {
      const file = new URL(request.url, 'http://x').pathname;
      if (file === '/sdk.js') return response.setHeader('content-type', 'text/javascript').end(script);
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>app</title><script src="/sdk.js"></script><p id="state">loaded</p>');
    }, { secure: true });
    client = await world.client({
      app_type: 'spa', token_endpoint_auth_method: 'none', callbacks: [`${app.origin}/`],
      web_origins: [app.origin], allowed_logout_urls: [`${app.origin}/bye`], allowed_origins: [app.origin],
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0, token_lifetime: 2592000,
        idle_token_lifetime: 1296000, infinite_token_lifetime: false, infinite_idle_token_lifetime: false },
    });
    user = await world.user({ name: 'Katherine Johnson' });
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    await app?.close();
    await world?.close();
  });

  const options = more => ({
    domain: world.domain, clientId: client.client_id, cacheLocation: 'localstorage', ...more,
    authorizationParams: { redirect_uri: `${app.origin}/`, audience: ordersApi, scope: 'openid profile email read:orders',
      ...more?.authorizationParams },
  });
  const redirect = (page, settings) => page.evaluate(async o => {
    const c = await auth0.createAuth0Client(o);
    await c.loginWithRedirect();
  }, settings);
  const finish = (page, settings) => page.evaluate(async o => {
    const c = await auth0.createAuth0Client(o);
    await c.handleRedirectCallback();
    window.client = c;
    return { user: await c.getUser(), token: await c.getTokenSilently(), claims: await c.getIdTokenClaims() };
  }, settings);

  async function signIn(page, settings) {
    await page.goto(`${app.origin}/`);
    await Promise.all([page.waitForURL(/\/u\/login/), redirect(page, settings)]);
    await logIn(page);
    return finish(page, settings);
  }

  // An application at http://localhost cannot be told from another program there: the person is asked, once.
  async function logIn(page) {
    await page.fill('input[name=username]', user.email);
    await page.fill('input[name=password]', password);
    await Promise.all([page.waitForURL(/[?&]code=|\/u\/consent/), page.click('button[type=submit]')]);
    if (/\/u\/consent/.test(page.url()))
      await Promise.all([page.waitForURL(/[?&]code=/), page.click('button[value=accept]')]);
  }

  it('signs in, and renews silently in an iframe with web_message', async () => {
    const page = await chromium.newPage();
    const first = await signIn(page, options());
    assert.equal(first.user.name, 'Katherine Johnson');
    const second = await page.evaluate(() => client.getTokenSilently({ cacheMode: 'off' }));
    assert.notEqual(second, undefined);
    assert.equal(second.split('.').length, 3);
    await page.close();
  });

  it('renews with a rotating refresh token through CORS', async () => {
    const page = await chromium.newPage();
    await page.goto(`${app.origin}/`);
    const settings = options({ useRefreshTokens: true, authorizationParams: { prompt: 'login' } });
    await Promise.all([page.waitForURL(/\/u\/login/), redirect(page, settings)]);
    await logIn(page);
    await finish(page, settings);
    const requests = [];
    page.on('request', r => { if (r.url().endsWith('/oauth/token')) requests.push(r.postData()); });
    await page.evaluate(() => client.getTokenSilently({ cacheMode: 'off' }));
    await page.evaluate(() => client.getTokenSilently({ cacheMode: 'off' }));
    assert.equal(requests.length, 2);
    assert.match(requests[1], /grant_type=refresh_token/);
    await page.close();
  });

  it('is signed in at a second application of the tenant without a password', async () => {
    const page = await chromium.newPage();
    const other = await world.client({ app_type: 'spa', token_endpoint_auth_method: 'none', callbacks: [`${app.origin}/`],
      web_origins: [app.origin] });
    const settings = { ...options(), clientId: other.client_id };
    await page.goto(`${app.origin}/`);
    await Promise.all([page.waitForURL(/[?&]code=|\/u\/consent/), redirect(page, settings)]);
    if (/\/u\/consent/.test(page.url()))
      await Promise.all([page.waitForURL(/[?&]code=/), page.click('button[value=accept]')]);
    const { user: person } = await finish(page, settings);
    assert.equal(person.sub, user.user_id);
    await page.close();
  });

  it('signs out', async () => {
    const page = await chromium.newPage();
    await page.goto(`${app.origin}/`);
    await Promise.all([page.waitForURL(`${app.origin}/bye`), page.evaluate(async ([o, back]) => {
      const c = await auth0.createAuth0Client(o);
      await c.logout({ logoutParams: { returnTo: back } });
    }, [options(), `${app.origin}/bye`])]);
    const silent = await page.evaluate(async o => {
      localStorage.clear();
      const c = new auth0.Auth0Client(o);
      return c.getTokenSilently().then(() => 'token', e => e.error);
    }, options());
    assert.equal(silent, 'login_required');
    await page.close();
  });
});
