// Custom token exchange (RFC 8693): partners' tokens, HS256 under a secret of the action, become tokens of the tenant. The action of
// a profile judges them; every refusal is tripped once.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Scripts } from '../support/customer.mjs';
import { logged } from '../support/guesser.mjs';
import { startServer } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World, claims, ordersApi } from '../support/world.mjs';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token', idToken = 'urn:ietf:params:oauth:token-type:id_token';
const type = 'urn:partner:token', connection = 'Username-Password-Authentication', secret = 'shared with the partner';

const encoded = value => Buffer.from(JSON.stringify(value)).toString('base64url');
function signed(payload, key = secret) {
  const text = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ exp: Math.floor(Date.now() / 1000) + 60, ...payload })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

// What a token says is done: so each test writes the token it needs.
const judge = `const { createHmac, timingSafeEqual } = require('crypto');
function verified(token, secret) {
  const [head, body, signature] = token.split('.');
  const wanted = createHmac('sha256', secret).update(head + '.' + body).digest();
  const given = Buffer.from(signature ?? '', 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  const payload = JSON.parse(Buffer.from(body, 'base64url'));
  return payload.exp * 1000 > Date.now() ? payload : null;
}
exports.onExecuteCustomTokenExchange = async (event, api) => {
  const token = verified(event.transaction.subject_token, event.secrets.PARTNER);
  if (!token) return api.access.rejectInvalidSubjectToken('The token is not from the partner.');
  console.log('exchange', JSON.stringify({ ...event.transaction, subject_token: undefined, body: event.request.body, api: event.resource_server }));
  if (token.throws) throw new Error('the partner has moved');
  if (token.deny) return api.access.deny(token.deny, 'No contract.');
  if (token.once && api.cache.get(token.jti)) return api.access.rejectInvalidSubjectToken('The token was used before.');
  if (token.once) api.cache.set(token.jti, 'used');
  if (token.id) api.authentication.setUserById(token.id);
  if (token.user) api.authentication.setUserByConnection(token.connection ?? '${connection}', token.user, token.how);
  if (token.actor) api.authentication.setActor(token.actor);
  if (token.organization) api.authentication.setOrganization(token.organization);
  if (token.plan) api.user.setAppMetadata('plan', token.plan);
};
`;

describe('custom token exchange', embeddedOnly('chooses the addresses that requests come from; for a fleet nginx does'), () => {
  let world, api, client, ada, action;
  const someone = () => `${randomBytes(6).toString('hex')}@acme.example`;
  const allowed = { allow_any_profile_of_type: ['custom_authentication'] };
  before(async () => {
    world = new World(await startServer({ args: ['--trusted-proxies', '127.0.0.1'] }));
    api = world.management;
    client = await world.client({ token_exchange: allowed });
    ada = await world.user({ name: 'Ada' });
    action = await api.actions.create({ name: 'judge', code: judge, supported_triggers: [{ id: 'custom-token-exchange', version: 'v1' }],
      secrets: [{ name: 'PARTNER', value: secret }], deploy: true });
    await api.tokenExchangeProfiles.create({ name: 'Partners', subject_token_type: type, action_id: action.id, type: 'custom_authentication' });
  });
  after(() => world?.close());

  const post = (parameters, ip) => world.token({ grant_type: grant, client_id: client.client_id, client_secret: client.client_secret,
    subject_token_type: type, ...parameters }, ip && { 'x-forwarded-for': ip });
  const exchange = (token, parameters) => post({ subject_token: signed(token), ...parameters });
  const gives = async (token, parameters) => {
    const { status, body } = await exchange(token, parameters);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const refused = async (answer, status, error, description) => {
    const got = await answer;
    assert.deepEqual([got.status, got.body.error, got.body.error_description], [status, error, description ?? got.body.error_description]);
  };

  describe('tokens', () => {
    it('are those of the user, with what was asked for', async () => {
      const body = await gives({ id: ada.user_id }, { audience: ordersApi, scope: 'openid profile offline_access read:orders' });
      assert.equal(body.issued_token_type, accessToken);
      assert.equal(body.token_type, 'Bearer');
      assert.equal(body.scope, 'openid profile offline_access read:orders');
      assert.equal(claims(body.access_token).sub, ada.user_id);
      assert.equal(claims(body.access_token).gty, grant);
      assert.equal(claims(body.id_token).name, 'Ada');
      const again = await world.token({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret,
        refresh_token: body.refresh_token });
      assert.equal(claims(again.body.access_token).sub, ada.user_id);
    });

    it('go to public clients too', async () => {
      const spa = await world.client({ app_type: 'spa', token_endpoint_auth_method: 'none', token_exchange: allowed });
      const { status } = await post({ client_id: spa.client_id, client_secret: undefined, subject_token: signed({ id: ada.user_id }) });
      assert.equal(status, 200);
    });

    it('name who acts for the user, also after a refresh', async () => {
      const actor = { sub: 'agent', kind: 'support', act: { sub: 'robot' } };
      const body = await gives({ id: ada.user_id, actor }, { audience: ordersApi, scope: 'openid offline_access read:orders' });
      assert.deepEqual(claims(body.access_token).act, actor);
      assert.deepEqual(claims(body.id_token).act, actor);
      const again = await world.token({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret,
        refresh_token: body.refresh_token });
      assert.deepEqual(claims(again.body.access_token).act, actor);
    });

    it('are counted as a sign-in and logged without the tokens that made them', async () => {
      const { logins_count: before = 0 } = await api.users.get(ada.user_id);
      const subject_token = signed({ id: ada.user_id });
      assert.equal((await post({ subject_token })).status, 200);
      assert.equal((await api.users.get(ada.user_id)).logins_count, before + 1);
      const record = (await logged(world, 'secte')).at(-1);
      assert.equal(record.user_id, ada.user_id);
      assert.equal(record.details.token_exchange.subject_token_type, type);
      assert.ok(!JSON.stringify(record).includes(subject_token));
      assert.ok(!world.server.log().includes(subject_token));
    });

    it('come after post-login actions, which know where they are', async () => {
      const scripts = new Scripts(world);
      await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
        const { protocol, subject_token_type, actor } = event.transaction;
        api.idToken.setCustomClaim('https://acme.example/seen', { protocol, subject_token_type, actor, methods: event.authentication.methods,
          device: event.request.body.device, token: event.request.body.subject_token });
        if (event.request.body.device === 'stolen') api.access.deny('Not with this device.');
      };`);
      try {
        const body = await gives({ id: ada.user_id, actor: { sub: 'agent' } }, { scope: 'openid', device: 'phone' });
        assert.deepEqual(claims(body.id_token)['https://acme.example/seen'],
          { protocol: 'oauth2-token-exchange', subject_token_type: type, actor: { sub: 'agent' }, methods: [], device: 'phone' });
        await refused(exchange({ id: ada.user_id }, { device: 'stolen' }), 403, 'access_denied', 'Not with this device.');
      } finally { await scripts.clear(); }
    });
  });

  describe('users', () => {
    it('of a connection are created when they are missing, and found afterwards', async () => {
      const email = someone();
      const token = { user: { user_id: email, email, email_verified: true, name: 'New', given_name: 'N' }, how: { creationBehavior: 'create_if_not_exists' }, plan: 'gold' };
      const { sub } = claims((await gives(token, { scope: 'openid' })).id_token);
      assert.equal(sub, `auth0|${email}`);
      const user = await api.users.get(sub);
      assert.deepEqual([user.email, user.email_verified, user.name, user.app_metadata.plan, user.identities[0].connection],
        [email, true, 'New', 'gold', connection]);
      assert.equal(claims((await gives(token, { scope: 'openid' })).id_token).sub, sub);
      const wrong = await world.token({ grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm: connection, username: email, password: '',
        client_id: client.client_id, client_secret: client.client_secret });
      assert.equal(wrong.status, 400, 'nobody has a password who was given none');
    });

    it('made by many requests at once are one', async () => {
      const email = someone();
      const token = { user: { user_id: email, email }, how: { creationBehavior: 'create_if_not_exists' } };
      const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(token)));
      assert.deepEqual(answers.map(a => a.status), Array(8).fill(200));
      assert.equal((await api.users.listUsersByEmail({ email })).length, 1);
    });

    it('change by `replace` and by nothing else', async () => {
      const email = someone(), user_id = randomBytes(12).toString('hex');
      const user = { user_id, email, name: 'Before', family_name: 'Kept' };
      await gives({ user, how: { creationBehavior: 'create_if_not_exists' }, plan: 'gold' });
      await gives({ user: { user_id, email, name: 'Ignored' } });
      assert.equal((await api.users.get(`auth0|${user_id}`)).name, 'Before');
      await gives({ user: { user_id, email, name: 'After' }, how: { updateBehavior: 'replace' } });
      const after = await api.users.get(`auth0|${user_id}`);
      assert.deepEqual([after.name, after.family_name, after.app_metadata], ['After', undefined, { plan: 'gold' }]);
    });

    it('get a mail to verify their address when the action wants it', async () => {
      const email = someone();
      await gives({ user: { user_id: email, email, verify_email: true }, how: { creationBehavior: 'create_if_not_exists' } });
      assert.match((await world.mailTo(email)).text, /email-verification\?ticket=/);
    });

    it('who are unknown, blocked, of another connection or with an address of somebody else get nothing', async () => {
      const create = { creationBehavior: 'create_if_not_exists' };
      await refused(exchange({ id: 'auth0|nobody' }), 400, 'invalid_request', 'The user does not exist.');
      await refused(exchange({ user: { user_id: 'nobody', email: someone() } }), 400, 'invalid_request', 'The user does not exist.');
      await refused(exchange({ user: { user_id: 'other', email: ada.email }, how: create }), 400, 'invalid_request', 'A user with this identifier exists already.');
      await refused(exchange({ user: { user_id: 'other', email: 'no address' }, how: create }), 400, 'invalid_request');
      await refused(exchange({ connection: 'none', user: { user_id: 'x', email: someone() }, how: create }), 400, 'invalid_request',
        'The connection does not exist or is not enabled for the client.');
      const blocked = await world.user({ blocked: true });
      await refused(exchange({ id: blocked.user_id }), 403, 'unauthorized', 'user is blocked');
      const { name } = await api.connections.create({ name: `second-${randomBytes(3).toString('hex')}`, strategy: 'auth0', enabled_clients: [client.client_id] });
      await refused(exchange({ connection: name, user: { user_id: ada.user_id.slice(6), email: someone() } }), 400, 'invalid_request',
        'The user_id belongs to a user of another connection.');
    });
  });

  describe('the action', () => {
    it('is told of the request', async () => {
      const scripts = new Scripts(world), device = randomBytes(4).toString('hex');
      await gives({ id: ada.user_id }, { device, audience: ordersApi, scope: 'openid read:orders', actor_token: 'opaque', actor_token_type: 'urn:partner:agent' });
      await scripts.said(device);
      const tail = await (await fetch(world.url('/api/v2/actions/logs/tail'), { headers: { authorization: `Bearer ${await world.managementToken()}` } })).text();
      const lines = tail.split('\n').filter(line => line.startsWith('data: ')).map(line => JSON.parse(line.slice(6)));
      const told = JSON.parse(lines.findLast(({ text }) => text?.includes(device)).text.replace('exchange ', ''));
      assert.deepEqual(told.api, { identifier: ordersApi });
      assert.deepEqual(told.requested_scopes, ['openid', 'read:orders']);
      assert.equal(told.requested_token_type, accessToken);
      assert.equal(told.actor_token_type, 'urn:partner:agent');
      assert.deepEqual(told.body, { grant_type: grant, client_id: client.client_id, subject_token_type: type, device, audience: ordersApi,
        scope: 'openid read:orders', actor_token_type: 'urn:partner:agent' });
    });

    it('refuses with its words', async () => {
      await refused(exchange({ deny: 'no_contract' }), 400, 'no_contract', 'No contract.');
      await refused(exchange({ deny: 'server_error' }), 400, 'server_error', 'No contract.');
      await refused(exchange({ organization: 'org_1', id: ada.user_id }), 400, 'invalid_request', 'The organization does not exist.');
    });

    it('that fails or sets nobody lets nobody in, and the log says why', async () => {
      await refused(exchange({ throws: true }), 403, 'access_denied', 'The token exchange could not be completed.');
      assert.match((await logged(world, 'fecte')).at(-1).details.reason, /judge: thrown: the partner has moved/);
      await refused(exchange({}), 403, 'access_denied', 'The token exchange could not be completed.');
      assert.match((await logged(world, 'fecte')).at(-1).details.reason, /set the user exactly once/);
    });

    it('leaves its execution whatever becomes of the request', async () => {
      const executionOf = async type => api.actions.executions.get((await logged(world, type)).at(-1).details.token_exchange.scripts.execution);
      await refused(exchange({ id: 'auth0|nobody' }), 400, 'invalid_request', 'The user does not exist.');
      assert.deepEqual((await executionOf('fecte')).results.map(r => r.action_name), ['judge']);
      await gives({ id: ada.user_id });
      assert.equal((await executionOf('secte')).trigger_id, 'custom-token-exchange');
    });

    it('can tell a token that was used', async () => {
      const token = { id: ada.user_id, once: true, jti: randomBytes(8).toString('hex') };
      await gives(token);
      await refused(exchange(token), 400, 'invalid_request', 'The token was used before.');
    });
  });

  describe('requests', () => {
    it('need a profile and whole parameters', async () => {
      await refused(post({}), 400, 'invalid_request', 'Missing required parameter: subject_token');
      await refused(exchange({}, { subject_token_type: undefined }), 400, 'invalid_request', 'Missing required parameter: subject_token_type');
      await refused(exchange({}, { subject_token_type: 'urn:partner:other' }), 400, 'invalid_request', 'There is no token exchange profile for this subject_token_type.');
      await refused(exchange({}, { subject_token_type: accessToken }), 400, 'invalid_request', 'There is no token exchange profile for this subject_token_type.');
      await refused(exchange({}, { requested_token_type: idToken }), 400, 'invalid_request', 'The requested_token_type is not supported.');
      await refused(exchange({}, { actor_token: 'x' }), 400, 'invalid_request', 'actor_token and actor_token_type belong together.');
      await refused(exchange({}, { organization: 'org_1' }), 400, 'invalid_request', 'parameter organization is not allowed for this client');
      await refused(exchange({}, { audience: 'https://unknown.example/' }), 403, 'access_denied', 'Service not enabled within domain: https://unknown.example/');
      assert.equal((await gives({ id: ada.user_id }, { requested_token_type: accessToken })).issued_token_type, accessToken);
    });

    it('are for clients that have the setting, are first-party and OIDC conformant', async () => {
      const sentence = `Grant type '${grant}' not allowed for the client.`;
      for (const properties of [{}, { token_exchange: { allow_any_profile_of_type: ['on_behalf_of_token_exchange'] } },
        { token_exchange: allowed, oidc_conformant: false }, { token_exchange: allowed, is_first_party: false }]) {
        const other = await world.client(properties);
        await refused(exchange({ id: ada.user_id }, { client_id: other.client_id, client_secret: other.client_secret }), 403, 'unauthorized_client', sentence);
      }
    });

    it('bring an ID token of the tenant as actor token, or none of that type', async () => {
      const agent = await world.user({ name: 'Agent' });
      const { id_token } = await gives({ id: agent.user_id }, { scope: 'openid' });
      await gives({ id: ada.user_id }, { actor_token: id_token, actor_token_type: idToken });
      const wrong = [400, 'invalid_request', 'The actor_token is not a valid ID token of this tenant.'];
      await refused(exchange({ id: ada.user_id }, { actor_token: signed({ sub: agent.user_id }), actor_token_type: idToken }), ...wrong);
      const { access_token } = await gives({ id: agent.user_id }, { audience: ordersApi });
      await refused(exchange({ id: ada.user_id }, { actor_token: access_token, actor_token_type: idToken }), ...wrong);
    });

    it('cannot ask anybody for consent', async () => {
      const careful = await api.resourceServers.create({ identifier: `https://careful-${randomBytes(3).toString('hex')}.example/`,
        scopes: [{ value: 'read' }], skip_consent_for_verifiable_first_party_clients: false });
      await refused(exchange({ id: ada.user_id }, { audience: careful.identifier, scope: 'read' }), 403, 'consent_required');
    });

    it('are announced by discovery', async () => {
      const discovery = await (await fetch(world.url('/.well-known/openid-configuration'))).json();
      assert.ok(discovery.grant_types_supported.includes(grant));
    });
  });

  describe('guessing', () => {
    const suspicious = 'We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator.';
    const forged = ip => post({ subject_token: signed({ id: ada.user_id }, 'guessed') }, ip);

    it('ends after ten invalid tokens of an address, until an administrator lifts it', async () => {
      const ip = '198.51.100.7';
      for (let i = 0; i < 10; ++i) await refused(forged(ip), 400, 'invalid_request', 'The token is not from the partner.');
      await refused(forged(ip), 429, 'too_many_attempts', suspicious);
      await refused(post({ subject_token: signed({ id: ada.user_id }) }, ip), 429, 'too_many_attempts', suspicious);
      assert.equal((await logged(world, 'limit_mu')).at(-1).ip, ip);
      assert.equal((await post({ subject_token: signed({ id: ada.user_id }) }, '198.51.100.8')).status, 200, 'another address');
      assert.equal((await world.api('GET', `/anomaly/blocks/ips/${ip}`)).status, 200);
      assert.equal((await world.api('DELETE', `/anomaly/blocks/ips/${ip}`)).status, 204);
      assert.equal((await post({ subject_token: signed({ id: ada.user_id }) }, ip)).status, 200);
    });

    it('in parallel gets no further', async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => forged('198.51.100.9')));
      assert.equal(answers.filter(a => a.status === 400).length, 10);
      assert.equal(answers.filter(a => a.status === 429).length, 20);
    });

    it('is counted as the tenant says', async () => {
      const settings = api.attackProtection.suspiciousIpThrottling;
      const before = await settings.get();
      await settings.update({ stage: { ...before.stage, 'pre-custom-token-exchange': { max_attempts: 2, rate: 600000 } } });
      try {
        for (let i = 0; i < 2; ++i) await refused(forged('198.51.100.10'), 400, 'invalid_request');
        await refused(forged('198.51.100.10'), 429, 'too_many_attempts', suspicious);
      } finally { await settings.update(before); }
    });

    it('is not what a refusal or a right token is', async () => {
      for (let i = 0; i < 12; ++i) await refused(post({ subject_token: signed({ deny: 'no_contract' }) }, '198.51.100.11'), 400, 'no_contract');
      for (let i = 0; i < 12; ++i) assert.equal((await post({ subject_token: signed({ id: ada.user_id }) }, '198.51.100.11')).status, 200);
    });
  });

  it('without its action a profile is gone', async () => {
    const other = await api.actions.create({ name: 'short-lived', code: judge, supported_triggers: [{ id: 'custom-token-exchange', version: 'v1' }],
      secrets: [{ name: 'PARTNER', value: secret }], deploy: true });
    await api.tokenExchangeProfiles.create({ name: 'Short', subject_token_type: 'urn:partner:short', action_id: other.id, type: 'custom_authentication' });
    assert.equal((await exchange({ id: ada.user_id }, { subject_token_type: 'urn:partner:short' })).status, 200);
    await assert.rejects(api.actions.delete(other.id), error => error.statusCode === 409);
    await api.actions.delete(other.id, { force: true });
    await refused(exchange({ id: ada.user_id }, { subject_token_type: 'urn:partner:short' }), 400, 'invalid_request');
  });
});
