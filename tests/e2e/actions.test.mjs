// Customers' code in the login of a person: Actions, Rules and Hooks as they are documented, made with the stock SDK, met by a browser.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Browser, logIn } from '../support/browser.mjs';
import { Scripts } from '../support/customer.mjs';
import { callback, claims, createWorld, ordersApi, password } from '../support/world.mjs';

const ns = 'https://acme.example/';
const registryAnswers = () => spawnSync('npm', ['view', 'is-number@7.0.0', 'version'], { timeout: 20_000 }).status === 0;

describe('actions in a login', () => {
  let world, scripts, client, user;
  before(async () => {
    world = await createWorld();
    scripts = new Scripts(world);
    client = await world.client();
  });
  after(() => world?.close());
  beforeEach(async () => {
    await scripts.clear();
    user = await world.user();
  });

  const signIn = (parameters, browser) => world.signIn(client, user, parameters, browser);
  const tokens = async done => (await world.exchange(client, done.code)).body;
  const lastLog = async type => {
    const { data } = await world.management.logs.list({ q: `type:${type}`, sort: 'date:-1', per_page: 1 });
    return data[0];
  };

  it('set claims of both tokens from what the event tells', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.idToken.setCustomClaim('${ns}email', event.user.email);
      api.idToken.setCustomClaim('${ns}seen', [event.client.client_id, event.connection.name, event.transaction.protocol, event.request.method,
        event.authentication.methods[0].name, event.stats.logins_count, event.tenant.id, event.secrets.COLOR]);
      api.accessToken.setCustomClaim('${ns}orders', event.resource_server.identifier);
      api.accessToken.setCustomClaim('sub', 'somebody else');
      api.accessToken.setCustomClaim('https://auth0.com/x', 1);
    };`, { secrets: { COLOR: 'teal' } });
    const got = await tokens(await signIn({ audience: ordersApi }));
    assert.equal(claims(got.id_token)[`${ns}email`], user.email);
    assert.deepEqual(claims(got.id_token)[`${ns}seen`],
      [client.client_id, 'Username-Password-Authentication', 'oidc-basic-profile', 'POST', 'pwd', 1, 'acme', 'teal']);
    const access = claims(got.access_token);
    assert.equal(access[`${ns}orders`], ordersApi);
    assert.equal(access.sub, user.user_id);
    assert.equal(access['https://auth0.com/x'], undefined);
  });

  it('set claims that the token without an API brings to /userinfo, and change none of its own', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.idToken.setCustomClaim('${ns}plan', 'gold');
      api.idToken.setCustomClaim('email', 'eve@evil.example');
    };`);
    const got = await tokens(await signIn());
    const told = await (await fetch(world.url('/userinfo'), { headers: { authorization: `Bearer ${got.access_token}` } })).json();
    assert.deepEqual([told[`${ns}plan`], told.email, told.sub], ['gold', user.email, user.user_id]);
  });

  it('run for single sign-on and silent authentication too', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.idToken.setCustomClaim('${ns}prompt', (event.transaction.prompt || []).join());
      api.idToken.setCustomClaim('${ns}session', event.session.id);
    };`);
    const { browser } = await signIn();
    const page = await browser.open(world.authorizeUrl(client, { prompt: 'none' }));
    const token = claims((await tokens(page.callback)).id_token);
    assert.equal(token[`${ns}prompt`], 'none');
    assert.equal(token[`${ns}session`], token.sid);
  });

  it('run one after the other, and a denial ends the chain and the login', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.user.setAppMetadata('visits', 1);
      if (event.user.email_verified) api.access.deny('not today');
    };`);
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => { api.user.setAppMetadata('second', true); };`);
    const done = await signIn();
    assert.equal(done.error, 'access_denied');
    assert.equal(done.error_description, 'not today');
    const stored = await world.management.users.get(user.user_id);
    assert.deepEqual(stored.app_metadata, { visits: 1 }, 'metadata is saved, of the action that ran');
    const log = await lastLog('f');
    assert.equal(log.description, 'not today');
    const again = await done.browser.open(world.authorizeUrl(client, { prompt: 'none' }));
    assert.equal(again.callback.error, 'login_required', 'no session began');
  });

  it('write metadata once, at the end, and null removes', async () => {
    await world.management.users.update(user.user_id, { user_metadata: { old: 1, kept: 2 } });
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.user.setUserMetadata('old', null);
      api.user.setUserMetadata('color', 'teal');
      api.idToken.setCustomClaim('${ns}kept', event.user.user_metadata.kept);
    };`);
    const got = await tokens(await signIn());
    assert.equal(claims(got.id_token)[`${ns}kept`], 2);
    assert.deepEqual((await world.management.users.get(user.user_id)).user_metadata, { kept: 2, color: 'teal' });
  });

  it('that throw let nobody in, and say why to the tenant only', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async () => { throw new Error('database password is hunter2'); };`, { name: 'broken' });
    const done = await signIn();
    assert.equal(done.error, 'access_denied');
    assert.doesNotMatch(done.error_description, /hunter2/);
    const log = await lastLog('f');
    assert.match(log.description, /broken.*hunter2/);
    const { execution } = log.details.trace.scripts.actions;
    const kept = await world.management.actions.executions.get(execution);
    assert.equal(kept.status, 'partial');
    assert.equal(kept.results[0].action_name, 'broken');
  });

  it('whose binding fails open are passed over', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async () => { throw new Error('no'); };`, { failure_policy: 'open' });
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('${ns}second', true); };`);
    assert.equal(claims((await tokens(await signIn())).id_token)[`${ns}second`], true);
  });

  it('know the roles of the user, and keep things in their cache', async () => {
    const role = await world.management.roles.create({ name: `clerk ${user.user_id}` });
    await world.management.users.roles.assign(user.user_id, { roles: [role.id] });
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      const before = api.cache.get('count')?.value ?? '0';
      api.cache.set('count', String(Number(before) + 1), { ttl: 60000 });
      const { roles } = await api.roles.getUserEffectiveRoles();
      api.idToken.setCustomClaim('${ns}count', before);
      api.idToken.setCustomClaim('${ns}roles', [...event.authorization.roles, ...roles.map(r => r.id)]);
    };`);
    const first = claims((await tokens(await signIn())).id_token), second = claims((await tokens(await signIn())).id_token);
    assert.deepEqual(first[`${ns}roles`], [role.name, role.id]);
    assert.deepEqual([first[`${ns}count`], second[`${ns}count`]], ['0', '1']);
  });

  it('add and remove scopes', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.accessToken.addScope('write:orders').accessToken.removeScope('read:orders');
    };`);
    const got = await tokens(await signIn({ audience: ordersApi, scope: 'openid read:orders' }));
    assert.equal(got.scope, 'openid write:orders');
  });

  it('shorten sessions and note things on them', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
      api.session.setExpiresAt(Date.now() + 600000);
      api.session.setMetadata('device', 'kiosk');
      api.session.setCookieMode('non-persistent');
    };`);
    const got = claims((await tokens(await signIn())).id_token);
    const session = await world.management.sessions.get(got.sid);
    assert.ok(Date.parse(session.expires_at) < Date.now() + 600_001);
    assert.deepEqual(session.session_metadata ?? session.metadata, { device: 'kiosk' });
    assert.equal(session.cookie.mode, 'non-persistent');
  });

  it('ask for a factor that nobody has: the login fails', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => { api.authentication.challengeWith({ type: 'otp' }); };`);
    assert.equal((await signIn()).error, 'access_denied');
  });

  it('show a validation error to the person and nothing to the application', async () => {
    await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => { api.validation.error('x', 'Your badge is out of date'); };`);
    const { page } = await signIn();
    assert.equal(page.status, 400);
    assert.match(page.text, /Your badge is out of date/);
  });

  it('use npm modules that were fetched when they were deployed', { skip: !registryAnswers() && 'no npm registry answers here' }, async () => {
    await scripts.bind('post-login', `const isNumber = require('is-number');
    exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('${ns}numbers', ['7', 'seven'].map(isNumber)); };`,
    { dependencies: [{ name: 'is-number', version: '7.0.0' }] });
    assert.deepEqual(claims((await tokens(await signIn())).id_token)[`${ns}numbers`], [true, false]);
  });

  describe('redirects', () => {
    const secret = 's'.repeat(32);
    const action = `exports.onExecutePostLogin = async (event, api) => {
      const token = api.redirect.encodeToken({ secret: event.secrets.KEY, payload: { plan: 'gold' }, expiresInSeconds: 60 });
      api.idToken.setCustomClaim('${ns}before', true);
      api.redirect.sendUserTo('https://terms.acme.example/accept', { query: { session_token: token } });
    };
    exports.onContinuePostLogin = async (event, api) => {
      const payload = api.redirect.validateToken({ secret: event.secrets.KEY, tokenParameterName: 'result' });
      api.idToken.setCustomClaim('${ns}accepted', payload.accepted);
      api.authentication.recordMethod('https://terms.acme.example/');
    };`;
    const later = `exports.onExecutePostLogin = async (event, api) => {
      api.idToken.setCustomClaim('${ns}methods', event.authentication.methods.map(m => m.name));
    };`;
    const jwt = payload => {
      const part = x => Buffer.from(JSON.stringify(x)).toString('base64url');
      const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    };
    let away;
    beforeEach(async () => {
      await scripts.bind('post-login', action, { secrets: { KEY: secret } });
      await scripts.bind('post-login', later);
      const browser = new Browser();
      const page = await logIn(await browser.open(world.authorizeUrl(client)), user.email, password);
      away = { browser, url: new URL(page.location), page };
    });

    it('send the person away and go on where they were', async () => {
      assert.equal(away.url.origin, 'https://terms.acme.example');
      const sent = claims(away.url.searchParams.get('session_token'));
      assert.deepEqual([sent.plan, sent.sub], ['gold', user.user_id]);
      const state = away.url.searchParams.get('state');
      const result = jwt({ accepted: 'yes', state, exp: Math.floor(Date.now() / 1000) + 60 });
      const back = await away.browser.open(world.url(`/continue?${new URLSearchParams({ state, result })}`));
      const token = claims((await tokens(back.callback)).id_token);
      assert.equal(token[`${ns}before`], true);
      assert.equal(token[`${ns}accepted`], 'yes');
      assert.deepEqual(token[`${ns}methods`], ['pwd', 'https://terms.acme.example/']);
    });

    it('also with a form of the other site, which brings no cookie', async () => {
      const state = away.url.searchParams.get('state');
      const result = jwt({ accepted: 'by post', state, exp: Math.floor(Date.now() / 1000) + 60 });
      const foreign = await new Browser().request(world.url(`/continue?${new URLSearchParams({ state })}`), {
        method: 'POST', body: new URLSearchParams({ result }), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://terms.acme.example' } });
      assert.equal(foreign.status, 303);
      const back = await away.browser.open(foreign.location);
      assert.equal(claims((await tokens(back.callback)).id_token)[`${ns}accepted`], 'by post');
    });

    it('refuse a token of another transaction, an expired one and a forged one', async () => {
      const state = away.url.searchParams.get('state');
      const now = Math.floor(Date.now() / 1000);
      const bad = [jwt({ state: 'another', exp: now + 60 }), jwt({ state, exp: now - 1 }), `${jwt({ state, exp: now + 60 })}x`, ''];
      for (const result of bad) {
        const back = await away.browser.open(world.url(`/continue?${new URLSearchParams({ state, result })}`));
        assert.equal(back.callback.error, 'access_denied', result);
      }
    });

    it('are of the browser that left: another one gets nothing', async () => {
      const state = away.url.searchParams.get('state');
      const page = await new Browser().open(world.url(`/continue?${new URLSearchParams({ state })}`));
      assert.equal(page.status, 400);
      assert.equal((await new Browser().open(world.url('/continue?state=forged'))).status, 400);
    });

    it('are an error where no page may be shown', async () => {
      const page = await away.browser.open(world.authorizeUrl(client, { prompt: 'none' }));
      assert.equal(page.callback.error, 'interaction_required');
    });
  });

  describe('without a browser', () => {
    const password_ = () => ({ grant_type: 'password', username: user.email, password, client_id: client.client_id, client_secret: client.client_secret,
      audience: ordersApi, scope: 'openid offline_access read:orders' });
    const refresh = refresh_token => world.token({ grant_type: 'refresh_token', refresh_token, client_id: client.client_id, client_secret: client.client_secret });

    it('run at the password grant and at each refresh', async () => {
      await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
        api.idToken.setCustomClaim('${ns}protocol', event.transaction.protocol);
        api.accessToken.setCustomClaim('${ns}token', event.refresh_token?.id ?? 'none');
      };`);
      const first = await world.token(password_());
      assert.equal(claims(first.body.id_token)[`${ns}protocol`], 'oauth2-password');
      const second = await refresh(first.body.refresh_token);
      assert.equal(claims(second.body.id_token)[`${ns}protocol`], 'oauth2-refresh-token');
      assert.notEqual(claims(second.body.access_token)[`${ns}token`], 'none');
    });

    it('revoke the refresh token they are asked for', async () => {
      const first = await world.token(password_());
      await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
        if (event.transaction.protocol === 'oauth2-refresh-token') api.refreshToken.revoke('lost device');
      };`);
      const second = await refresh(first.body.refresh_token);
      assert.deepEqual([second.status, second.body.error, second.body.error_description], [403, 'access_denied', 'lost device']);
      await scripts.clear();
      assert.equal((await refresh(first.body.refresh_token)).body.error, 'invalid_grant');
    });

    it('note things on a refresh token and end it sooner', async () => {
      await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
        const seen = Number(event.refresh_token?.metadata?.seen ?? 0);
        api.refreshToken.setMetadata('seen', String(seen + 1));
        api.refreshToken.setExpiresAt(Date.now() + 600000);
        api.idToken.setCustomClaim('${ns}seen', seen);
      };`);
      const first = await world.token(password_());
      const second = await refresh(first.body.refresh_token);
      const third = await refresh(second.body.refresh_token ?? first.body.refresh_token);
      assert.deepEqual([first, second, third].map(t => claims(t.body.id_token)[`${ns}seen`]), [0, 1, 2]);
    });
  });

  describe('of programs', () => {
    let machine;
    before(async () => {
      machine = await world.client({ app_type: 'non_interactive' });
      await world.management.clientGrants.create({ client_id: machine.client_id, audience: ordersApi, scope: ['read:orders', 'write:orders'] });
    });
    const ask = () => world.token({ grant_type: 'client_credentials', client_id: machine.client_id, client_secret: machine.client_secret, audience: ordersApi });

    it('set claims and scopes', async () => {
      await scripts.bind('credentials-exchange', `exports.onExecuteCredentialsExchange = async (event, api) => {
        api.accessToken.setCustomClaim('${ns}for', event.client.name);
        api.transaction.removeTargetScope('write:orders');
      };`);
      const { body } = await ask();
      assert.equal(claims(body.access_token)[`${ns}for`], machine.name);
      assert.equal(body.scope, 'read:orders');
    });

    it('refuse with the code of the script', async () => {
      await scripts.bind('credentials-exchange', `exports.onExecuteCredentialsExchange = async (event, api) => { api.access.deny('invalid_scope', 'not at night'); };`);
      const { status, body } = await ask();
      assert.deepEqual([status, body.error, body.error_description], [400, 'invalid_scope', 'not at night']);
    });
  });

  describe('of accounts', () => {
    const connection = 'Username-Password-Authentication';
    const signUp = more => fetch(world.url('/dbconnections/signup'), { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: client.client_id, connection, email: `new-${Math.random()}@acme.example`, password, ...more }) });

    it('give new accounts metadata, or refuse them with words for the person', async () => {
      await scripts.bind('pre-user-registration', `exports.onExecutePreUserRegistration = async (event, api) => {
        if (event.user.email.endsWith('@rival.example')) api.access.deny('rival', 'Only for our people');
        api.user.setUserMetadata('from', event.request.ip ? 'somewhere' : 'nowhere');
      };`);
      const made = await (await signUp()).json();
      assert.deepEqual((await world.management.users.get(`auth0|${made._id}`)).user_metadata, { from: 'somewhere' });
      const refused = await signUp({ email: 'x@rival.example' });
      assert.equal(refused.status, 400);
      assert.equal((await refused.json()).description, 'Only for our people');
      assert.equal((await lastLog('fs')).description, 'Only for our people');
      const page = await (await new Browser().open(world.authorizeUrl(client, { screen_hint: 'signup' }))).submit({ email: 'y@rival.example', password });
      assert.equal(page.status, 400);
      assert.match(page.text, /Only for our people/);
    });

    it('hear of new accounts and new passwords afterwards', async () => {
      for (const [trigger, handler] of [['post-user-registration', 'onExecutePostUserRegistration'], ['post-change-password', 'onExecutePostChangePassword']])
        await scripts.bind(trigger, `exports.${handler} = async event => { console.log('${trigger} ' + event.user.email); };`);
      const made = await world.user();
      await world.management.users.update(made.user_id, { password: 'Another-Horse-8' });
      await scripts.said(`post-user-registration ${made.email}`);
      await scripts.said(`post-change-password ${made.email}`);
    });
  });

  describe('and before them rules', () => {
    it('change tokens, share user and context, and know their configuration', async () => {
      await world.api('PUT', '/rules-configs/COLOR', { value: 'teal' });
      await scripts.rule(`function (user, context, callback) { user.greeting = 'hello ' + user.email; callback(null, user, context); }`);
      await scripts.rule(`function (user, context, callback) {
        context.idToken['${ns}greeting'] = user.greeting;
        context.accessToken['${ns}color'] = configuration.COLOR;
        callback(null, user, context);
      }`);
      await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('${ns}action', true); };`);
      const got = await tokens(await signIn({ audience: ordersApi }));
      assert.equal(claims(got.id_token)[`${ns}greeting`], `hello ${user.email}`);
      assert.equal(claims(got.id_token)[`${ns}action`], true);
      assert.equal(claims(got.access_token)[`${ns}color`], 'teal');
    });

    it('refuse with UnauthorizedError in their own words, and with others in none', async () => {
      const rule = await scripts.rule(`function (user, context, callback) { callback(new UnauthorizedError('go away')); }`);
      const done = await signIn();
      assert.deepEqual([done.error, done.error_description], ['unauthorized', 'go away']);
      await world.api('PATCH', `/rules/${rule.id}`, { script: `function (user, context, callback) { callback(new Error('hunter2')); }` });
      const other = await signIn();
      assert.equal(other.error, 'access_denied');
      assert.doesNotMatch(other.error_description, /hunter2/);
    });

    it('have a helper with a token that reads and updates users, and nothing else', async () => {
      await scripts.rule(`function (user, context, callback) {
        if (typeof auth0.users.updateUserMetadata !== 'function') return callback(new Error('no client'));
        context.idToken['${ns}helper'] = [auth0.domain, auth0.accessToken];
        callback(null, user, context);
      }`);
      const [domain, token] = claims((await tokens(await signIn())).id_token)[`${ns}helper`];
      assert.equal(domain, world.domain);
      const ask = async (method, path, body) => (await fetch(world.url(`/api/v2${path}`), {
        method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) })).status;
      const path = `/users/${encodeURIComponent(user.user_id)}`;
      assert.equal(await ask('PATCH', path, { user_metadata: { seen: true } }), 200);
      assert.equal((await world.management.users.get(user.user_id)).user_metadata.seen, true);
      assert.deepEqual([await ask('GET', path), await ask('DELETE', path), await ask('GET', '/clients')], [200, 403, 403]);
    });

    it('send people away and hear of their return', async () => {
      await scripts.rule(`function (user, context, callback) {
        if (context.protocol === 'redirect-callback') { context.idToken['${ns}answer'] = context.request.query.answer; return callback(null, user, context); }
        context.redirect = { url: 'https://survey.acme.example/' };
        callback(null, user, context);
      }`);
      const browser = new Browser();
      const page = await logIn(await browser.open(world.authorizeUrl(client)), user.email, password);
      const state = new URL(page.location).searchParams.get('state');
      const back = await browser.open(world.url(`/continue?${new URLSearchParams({ state, answer: '42' })}`));
      assert.equal(claims((await tokens(back.callback)).id_token)[`${ns}answer`], '42');
    });
  });

  describe('and hooks', () => {
    it('run where no action is bound', async () => {
      await scripts.hook('pre-user-registration', `module.exports = function (user, context, cb) {
        if (user.email.startsWith('bad')) return cb(new PreUserRegistrationError('bad', 'You are bad'));
        cb(null, { user: { app_metadata: { by: context.webtask.secrets.BY } } });
      };`, { BY: 'hook' });
      const made = await world.user();
      assert.deepEqual((await world.management.users.get(made.user_id)).app_metadata, { by: 'hook' });
      const refused = await world.api('POST', '/users', { connection: 'Username-Password-Authentication', email: `bad${Date.now()}@acme.example`, password });
      assert.deepEqual([refused.status, refused.body.message], [400, 'You are bad']);
    });
  });
});
