// Customers' code through the stock SDKs: actions, modules, triggers, rules, hooks, custom databases.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AuthenticationClient } from 'auth0';
import { ManagementClient as NextManagementClient } from 'auth0-next';
import * as oidc from 'openid-client';
import { claims, createWorld, ordersApi } from '../support/world.mjs';

const greet = `exports.onExecutePostLogin = async (event, api) => {
  console.log('hello', event.user.email);
  api.idToken.setCustomClaim('https://acme.example/greeting', event.secrets.GREETING);
};
`;

for (const [name, clientOf] of [
  ['auth0', world => world.management],
  ['auth0-next', world => new NextManagementClient({ domain: world.domain, clientId: world.tenant.client_id, clientSecret: world.tenant.client_secret })],
]) describe(`npm ${name}: customers' code`, () => {
  let world, api;
  const unique = text => `${text}-${name}-${randomBytes(3).toString('hex')}`;
  const login = [{ id: 'post-login', version: 'v3' }];
  const all = async page => { const out = []; for await (const item of await page) out.push(item); return out; };
  before(async () => { world = await createWorld(); api = clientOf(world); });
  after(() => world?.close());

  it('takes an action from its draft to a binding and back', async () => {
    const { actions } = api;
    const title = unique('greet');
    const made = await actions.create({ name: title, supported_triggers: login, code: greet, runtime: 'node22',
      secrets: [{ name: 'GREETING', value: 'hi' }] });
    assert.equal(made.status, 'pending');
    assert.match(made.created_at, /\.\d{9}Z$/);
    const [found] = await all(actions.list({ actionName: title }));
    assert.equal(found.status, 'built');
    assert.deepEqual(found.secrets.map(s => Object.keys(s)), [['name', 'updated_at']]);

    const tested = await actions.test(made.id, { payload: { event: { user: { email: 'ada@acme.example' } } } });
    assert.deepEqual(tested.payload.commands, [{ name: 'idToken.setCustomClaim', args: ['https://acme.example/greeting', 'hi'] }]);
    assert.equal(tested.payload.console[0].text, 'hello ada@acme.example');

    const first = await actions.deploy(made.id);
    assert.equal(first.number, 1);
    assert.equal(first.deployed, true);
    await actions.update(made.id, { code: greet.replace('hello', 'good day') });
    assert.equal((await actions.get(made.id)).all_changes_deployed, false);
    assert.equal((await actions.deploy(made.id)).number, 2);
    assert.deepEqual((await all(actions.versions.list(made.id))).map(v => v.number), [2, 1]);
    const back = await actions.versions.deploy(made.id, first.id);
    assert.equal(back.number, 3);
    assert.equal((await actions.get(made.id)).deployed_version.code, greet);

    const { bindings } = await actions.triggers.bindings.updateMany('post-login',
      { bindings: [{ ref: { type: 'action_name', value: title }, display_name: title }] });
    assert.equal(bindings[0].action.id, made.id);
    assert.deepEqual((await all(actions.triggers.bindings.list('post-login'))).map(b => b.display_name), [title]);
    await assert.rejects(actions.delete(made.id), error => error.statusCode === 409);
    await actions.delete(made.id, { force: true });
    await assert.rejects(actions.get(made.id), error => error.statusCode === 404);
  });

  it('accepts TypeScript and says what does not compile', async () => {
    const typed = await api.actions.create({ name: unique('typed'), supported_triggers: login, deploy: true,
      code: 'exports.onExecutePostLogin = async (event: any, api: { access: unknown }): Promise<void> => {};' });
    assert.equal(typed.status, 'built');
    const broken = await api.actions.create({ name: unique('broken'), supported_triggers: login, code: 'exports.x = (;' });
    assert.equal(broken.status, 'failed');
    await assert.rejects(api.actions.deploy(broken.id), error => error.statusCode === 400 && /SyntaxError/.test(error.body.message));
  });

  it('lists triggers with how they are bound', async () => {
    const { triggers } = await api.actions.triggers.list();
    assert.equal(triggers.find(t => t.id === 'post-login').version, 'v3');
    assert.equal(triggers.find(t => t.id === 'event-stream').binding_policy, 'entity-bound');
  });

  it('shares a published module between actions', async () => {
    const { modules } = api.actions;
    const title = unique('shared');
    const module = await modules.create({ name: title, code: 'exports.twice = n => 2 * n;', publish: true });
    assert.equal(module.latest_version_number, 1);
    const action = await api.actions.create({ name: unique('user'), supported_triggers: login,
      code: `const { twice } = require('actions:${title}');
exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('https://acme.example/n', twice(21)); };`,
      modules: [{ module_id: module.id, module_name: title, module_version_id: module.latest_version.id, module_version_number: 1 }] });
    const { payload } = await api.actions.test(action.id, { payload: { event: {} } });
    assert.deepEqual(payload.commands.map(c => c.args[1]), [42], JSON.stringify(payload));
    assert.deepEqual((await all(modules.listActions(module.id))).map(a => a.action_id), [action.id]);
    await modules.update(module.id, { code: 'exports.twice = n => n + n;' });
    assert.equal((await modules.versions.create(module.id)).version_number, 2);
    await modules.rollback(module.id, { module_version_id: module.latest_version.id });
    assert.equal((await modules.get(module.id)).code, 'exports.twice = n => 2 * n;');
    await api.actions.delete(action.id);
    await modules.delete(module.id);
  });

  it('exchanges tokens by a profile', async () => {
    const action = await api.actions.create({ name: unique('judge'), supported_triggers: [{ id: 'custom-token-exchange', version: 'v1' }], deploy: true,
      code: 'exports.onExecuteCustomTokenExchange = async (event, api) => api.authentication.setUserById(event.transaction.subject_token);' });
    const subject_token_type = `urn:acme:${unique('token')}`;
    const made = await api.tokenExchangeProfiles.create({ name: 'Legacy', subject_token_type, action_id: action.id, type: 'custom_authentication' });
    assert.match(made.id, /^tep_[A-Za-z0-9]{16}$/);
    await assert.rejects(api.tokenExchangeProfiles.create({ ...made, id: undefined, created_at: undefined, updated_at: undefined }), error => error.statusCode === 409);
    await assert.rejects(api.tokenExchangeProfiles.create({ name: 'Theirs', subject_token_type: 'urn:ietf:params:oauth:token-type:jwt', action_id: action.id,
      type: 'custom_authentication' }), error => error.statusCode === 400);
    await api.tokenExchangeProfiles.update(made.id, { name: 'Renamed' });
    assert.equal((await api.tokenExchangeProfiles.get(made.id)).name, 'Renamed');
    assert.ok((await all(api.tokenExchangeProfiles.list({ take: 1 }))).some(p => p.id === made.id));

    const client = await world.client({ token_exchange: { allow_any_profile_of_type: ['custom_authentication'] } });
    const user = await world.user();
    const parameters = { subject_token: user.user_id, subject_token_type, scope: 'openid', device: 'phone' };
    const auth = new AuthenticationClient({ domain: world.domain, clientId: client.client_id, clientSecret: client.client_secret });
    const exchanged = await auth.tokenExchange.exchangeToken({ ...parameters, audience: ordersApi });
    assert.equal(claims(exchanged.id_token).sub, user.user_id);
    const config = await oidc.discovery(new URL(world.issuer), client.client_id, client.client_secret);
    const granted = await oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', parameters);
    assert.equal(granted.claims().sub, user.user_id);
    assert.equal(granted.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');

    await assert.rejects(api.actions.delete(action.id), error => error.statusCode === 409);
    await api.tokenExchangeProfiles.delete(made.id);
    await assert.rejects(auth.tokenExchange.exchangeToken({ ...parameters, audience: ordersApi }), error => error.error === 'invalid_request');
    await api.actions.delete(action.id);
  });

  it('manages rules and what they read', async () => {
    const title = unique('rule');
    const rule = await api.rules.create({ name: title, script: 'function (user, context, callback) { callback(null, user, context); }' });
    assert.equal(rule.stage, 'login_success');
    assert.equal((await api.rules.update(rule.id, { enabled: false })).enabled, false);
    assert.ok((await all(api.rules.list({ enabled: false }))).some(r => r.id === rule.id));
    await assert.rejects(api.rules.create({ name: title, script: 'function () {}' }), error => error.statusCode === 409);
    await api.rulesConfigs.set('COLOR', { value: 'red' });
    assert.deepEqual(await api.rulesConfigs.list(), [{ key: 'COLOR' }]);
    await api.rulesConfigs.delete('COLOR');
    await api.rules.delete(rule.id);
  });

  it('manages hooks and their secrets', async () => {
    const hook = await api.hooks.create({ name: unique('hook'), triggerId: 'credentials-exchange', enabled: true,
      script: 'module.exports = function (client, scope, audience, context, cb) { cb(null, {}); };' });
    assert.match(hook.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    await assert.rejects(api.hooks.create({ ...hook, id: undefined, name: unique('hook') }), error => error.statusCode === 409);
    await api.hooks.secrets.create(hook.id, { KEY: 'value' });
    await api.hooks.secrets.update(hook.id, { KEY: 'other' });
    assert.deepEqual(await api.hooks.secrets.get(hook.id), { KEY: '_VALUE_NOT_SHOWN_' });
    await api.hooks.secrets.delete(hook.id, ['KEY']);
    await api.hooks.delete(hook.id);
  });

  it('chooses who sends mails, an action at last', async () => {
    const { provider } = api.emails;
    await assert.rejects(provider.get(), error => error.statusCode === 404);
    const made = await provider.create({ name: 'sendgrid', credentials: { api_key: 'SG.key' }, default_from_address: 'mails@acme.example' });
    assert.deepEqual(made, { name: 'sendgrid', enabled: true, default_from_address: 'mails@acme.example', credentials: {} });
    assert.deepEqual(await provider.get({ fields: 'name,enabled', include_fields: true }), { name: 'sendgrid', enabled: true });
    await assert.rejects(provider.update({ name: 'custom', credentials: {} }), error => error.statusCode === 404);
    const action = await api.actions.create({ name: unique('mails'), supported_triggers: [{ id: 'custom-email-provider', version: 'v1' }],
      code: 'exports.onExecuteCustomEmailProvider = async () => {};', deploy: true });
    assert.equal((await provider.update({ name: 'custom', credentials: {}, enabled: false })).name, 'custom');
    await provider.delete();
    await api.actions.delete(action.id);
    await assert.rejects(provider.get(), error => error.statusCode === 404);
  });

  it('chooses who writes to phones', async () => {
    const { providers } = api.branding.phone;
    const made = await providers.create({ name: 'twilio', disabled: true, credentials: { auth_token: 'token' },
      configuration: { sid: 'AC0', default_from: '+15550100', delivery_methods: ['text'] } });
    assert.match(made.id, /^pro_/);
    assert.equal((await providers.get(made.id)).configuration.sid, 'AC0');
    assert.deepEqual((await providers.list()).providers.map(p => p.id), [made.id]);
    assert.equal((await providers.update(made.id, { disabled: false })).disabled, false);
    await assert.rejects(providers.test(made.id, { to: '+15550101', delivery_method: 'voice' }), error => error.statusCode === 400);
    await providers.delete(made.id);
    assert.deepEqual((await providers.list()).providers, []);
  });

  it('manages event streams and what became of their events', async () => {
    const { eventStreams: streams } = api;
    const hears = await api.actions.create({ name: unique('hears'), supported_triggers: [{ id: 'event-stream', version: 'v1' }], deploy: true,
      code: `exports.onExecuteEventStream = async event => { throw new Error('no ' + event.message.type); };` });
    const webhook = { type: 'webhook', configuration: { webhook_endpoint: 'https://hooks.example/in', webhook_authorization: { method: 'bearer', token: 't' } } };
    const subscriptions = [{ event_type: 'user.created' }];
    let made = await streams.create({ name: unique('stream'), subscriptions, destination: webhook });
    assert.match(made.id, /^est_\w{22}$/);
    assert.deepEqual(made.destination.configuration.webhook_authorization, { method: 'bearer' });
    assert.ok((await all(streams.list({ take: 1 }))).some(s => s.id === made.id), 'found over pages');
    await assert.rejects(streams.update(made.id, { destination: { type: 'action', configuration: { action_id: hears.id } } }), error => error.statusCode === 400);
    assert.equal((await streams.update(made.id, { status: 'disabled' })).status, 'disabled');
    assert.equal((await streams.get(made.id)).status, 'disabled');
    await streams.delete(made.id);

    made = await streams.create({ name: unique('stream'), subscriptions, destination: { type: 'action', configuration: { action_id: hears.id } } });
    const test = await streams.test(made.id, { event_type: 'user.created' });
    assert.equal(test.event.type, 'user.created');
    // The client of version 5 takes what comes for the list itself.
    const listed = async () => (name === 'auth0' ? (await streams.deliveries.list(made.id, { statuses: 'failed' })).deliveries : all(streams.deliveries.list(made.id, { statuses: 'failed' })));
    let failed = [];
    for (let tries = 0; tries < 200 && !failed.length; ++tries, await new Promise(resolve => setTimeout(resolve, 50)))
      failed = await listed();
    assert.equal(failed[0].id, test.id);
    assert.match(failed[0].attempts[0].error_message, /no user\.created/);
    assert.equal((await streams.deliveries.getHistory(made.id, test.id)).event_stream_id, made.id);
    await streams.redeliveries.createById(made.id, test.id);
    assert.deepEqual((await streams.redeliveries.create(made.id, { event_types: ['user.created'] })).event_types, ['user.created']);
    await streams.delete(made.id);
    await assert.rejects(streams.get(made.id), error => error.statusCode === 404);
    await api.actions.delete(hears.id);
  });

  it('keeps the configuration of custom databases sealed', async () => {
    const options = { enabledDatabaseCustomization: true, import_mode: true, configuration: { URL: 'https://people.example' },
      customScripts: { login: 'function login(email, password, callback) { callback(new WrongUsernameOrPasswordError(email)); }' } };
    const made = await api.connections.create({ name: unique('people'), strategy: 'auth0', options });
    assert.match(made.options.configuration.URL, /^2\.0\$/);
    const again = await api.connections.update(made.id, { options: made.options });
    assert.equal(again.options.configuration.URL, made.options.configuration.URL);
    await assert.rejects(api.connections.update(made.id, { options: { ...made.options, customScripts: { login: 'function (' } } }),
      error => error.statusCode === 400 && /customScripts\.login/.test(error.body.message));
    await api.connections.delete(made.id);
  });
});
