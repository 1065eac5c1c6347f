import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import express from 'express';
import eoc from 'express-openid-connect';
import { Browser, logIn } from '../support/browser.mjs';
import { listen } from '../support/app.mjs';
import { createWorld, ordersApi, password } from '../support/world.mjs';

describe('npm express-openid-connect: a regular web application', () => {
  let world, user;
  before(async () => {
    world = await createWorld();
    user = await world.user();
  });
  after(() => world?.close());

  // The application needs its own origin in its configuration, so it listens first and is configured then.
  async function application(settings, registration = {}) {
    let app;
    const server = await listen((request, response) => app(request, response));
    const client = await world.client({
      callbacks: [`${server.origin}/callback`], allowed_logout_urls: [server.origin], ...registration,
    });
    app = express();
    app.use(eoc.auth({
      issuerBaseURL: world.origin, baseURL: server.origin, clientID: client.client_id, secret: 'a'.repeat(40),
      authRequired: false, ...settings(client),
    }));
    app.get('/profile', eoc.requiresAuth(), async (request, response) => {
      response.json({ user: request.oidc.user, access_token: request.oidc.accessToken?.access_token,
        info: request.oidc.accessToken ? await request.oidc.fetchUserInfo() : undefined });
    });
    app.get('/', (request, response) => response.send(`signed in: ${request.oidc.isAuthenticated()}`));
    app.use((error, request, response, _next) => response.status(500).send(String(error.stack ?? error)));
    return { ...server, client };
  }

  // Browser without script: the form_post page must be sent by its button.
  async function signIn(app) {
    const browser = new Browser();
    const start = await browser.request(`${app.origin}/login`);
    const page = await browser.open(start.location);
    let done = await logIn(page, user.email, password, { follow: false });
    done = await browser.follow(done, world.origin);
    // An application at http://localhost cannot be told from another program there: it is asked about, once.
    if (done.forms.some(f => f.fields.some(x => x.value === 'accept')))
      done = await done.submit({}, { button: ['action', 'accept'] });
    if (!done.location) done = await done.submit({}, { follow: false });
    else done = await browser.request(done.location);
    assert.equal(done.status, 302, done.text);
    const profile = await browser.request(`${app.origin}/profile`);
    return { browser, profile };
  }

  it('signs in with its default: id_token by form_post', async () => {
    const app = await application(() => ({}));
    const { profile } = await signIn(app);
    assert.equal(profile.status, 200, profile.text);
    assert.equal(JSON.parse(profile.text).user.sub, user.user_id);
    await app.close();
  });

  it('signs in with the code flow and calls userinfo', async () => {
    const app = await application(client => ({
      clientSecret: client.client_secret,
      authorizationParams: { response_type: 'code', scope: 'openid profile email offline_access', audience: ordersApi },
    }));
    const { profile } = await signIn(app);
    assert.equal(profile.status, 200, profile.text);
    const body = JSON.parse(profile.text);
    assert.equal(body.info.email, user.email);
    assert.equal(body.access_token.split('.').length, 3);
    await app.close();
  });

  for (const [name, settings] of [['/v2/logout', { auth0Logout: true }], ['/oidc/logout', { idpLogout: true }]])
    it(`signs out through ${name}`, async () => {
      const app = await application(() => settings);
      const { browser } = await signIn(app);
      const out = await browser.request(`${app.origin}/logout`);
      assert.ok(out.location.startsWith(world.origin + name), out.location);
      const back = await browser.open(out.location);
      assert.equal(new URL(back.location).origin, app.origin);
      const silent = await browser.open(world.authorizeUrl(app.client,
        { prompt: 'none', redirect_uri: `${app.origin}/callback` }));
      assert.equal(silent.callback.error, 'login_required');
      await app.close();
    });
});
