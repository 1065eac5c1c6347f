import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AuthenticationClient, ManagementClient, UserInfoClient } from 'auth0';
import { ManagementClient as NextManagementClient } from 'auth0-next';
import { createWorld, ordersApi, password } from '../support/world.mjs';

describe('npm auth0: ManagementClient', () => {
  let world, api;
  before(async () => {
    world = await createWorld();
    api = world.management;
  });
  after(() => world?.close());

  it('manages clients', async () => {
    const client = await api.clients.create({ name: 'Portal', app_type: 'spa', callbacks: ['https://portal.example/'] });
    assert.match(client.client_id, /^[A-Za-z0-9]{32}$/);
    assert.equal(client.token_endpoint_auth_method, 'none');
    const changed = await api.clients.update(client.client_id, { description: 'of the people', client_metadata: { a: '1' } });
    assert.equal(changed.description, 'of the people');
    assert.equal((await api.clients.get(client.client_id, { fields: 'name', include_fields: true })).name, 'Portal');
    const rotated = await api.clients.rotateSecret(client.client_id);
    assert.notEqual(rotated.client_secret, client.client_secret);
    const names = [];
    for await (const c of await api.clients.list({ per_page: 2, include_totals: true })) names.push(c.name);
    assert.ok(names.includes('Portal'));
    await api.clients.delete(client.client_id);
    await assert.rejects(api.clients.get(client.client_id),
      error => error.statusCode === 404 && error.body.errorCode === 'inexistent_client');
  });

  it('shows the global client that the Deploy CLI looks for', async () => {
    const page = await api.clients.list({ is_global: true, include_totals: true });
    assert.equal(page.data.length, 1);
    assert.equal(page.data[0].name, 'All Applications');
    assert.equal(page.data[0].global, true);
  });

  it('manages connections and their clients', async () => {
    const connection = await api.connections.create({ name: 'staff', strategy: 'auth0', options: { passwordPolicy: 'good' } });
    assert.match(connection.id, /^con_[A-Za-z0-9]{16}$/);
    const client = await world.client();
    await api.connections.clients.update(connection.id, [{ client_id: client.client_id, status: true }]);
    const enabled = await api.connections.clients.get(connection.id);
    assert.deepEqual(enabled.data.map(c => c.client_id), [client.client_id]);
    const changed = await api.connections.update(connection.id, { options: { passwordPolicy: 'excellent' } });
    assert.deepEqual(changed.options.passwordPolicy, 'excellent');
    await assert.rejects(api.connections.create({ name: 'staff', strategy: 'auth0' }), error => error.statusCode === 409);
    await api.connections.delete(connection.id);
    await assert.rejects(api.connections.get(connection.id), error => error.statusCode === 404);
  });

  it('manages users, their metadata, roles and permissions', async () => {
    const user = await api.users.create({
      connection: 'Username-Password-Authentication', email: 'linus@acme.example', password, user_metadata: { a: 1, b: 2 },
    });
    assert.match(user.user_id, /^auth0\|[0-9a-f]{24}$/);
    const changed = await api.users.update(user.user_id, { user_metadata: { a: null, c: { d: 1 } }, nickname: 'ln' });
    assert.deepEqual(changed.user_metadata, { b: 2, c: { d: 1 } });
    assert.equal(changed.nickname, 'ln');
    assert.equal((await api.users.listUsersByEmail({ email: 'linus@acme.example' }))[0].user_id, user.user_id);
    const found = await api.users.list({ q: 'email:"linus@acme.example"', search_engine: 'v3' });
    assert.equal(found.data[0].user_id, user.user_id);

    const role = await api.roles.create({ name: 'clerk', description: 'keeps the books' });
    await api.roles.permissions.add(role.id, {
      permissions: [{ resource_server_identifier: ordersApi, permission_name: 'read:orders' }],
    });
    await api.users.roles.assign(user.user_id, { roles: [role.id] });
    assert.equal((await api.users.roles.list(user.user_id)).data[0].name, 'clerk');
    const permissions = (await api.users.permissions.list(user.user_id)).data;
    assert.equal(permissions[0].permission_name, 'read:orders');
    assert.equal(permissions[0].sources[0].source_type, 'ROLE');
    await api.users.roles.delete(user.user_id, { roles: [role.id] });
    assert.equal((await api.users.roles.list(user.user_id)).data.length, 0);
    await api.users.delete(user.user_id);
    await assert.rejects(api.users.get(user.user_id), error => error.statusCode === 404);
  });

  it('links and unlinks identities', async () => {
    const [one, two] = [await world.user(), await world.user()];
    const identities = await api.users.identities.link(one.user_id, { provider: 'auth0', user_id: two.user_id });
    assert.equal(identities.length, 2);
    await assert.rejects(api.users.get(two.user_id), error => error.statusCode === 404);
    const rest = await api.users.identities.delete(one.user_id, 'auth0', two.user_id.split('|')[1]);
    assert.equal(rest.length, 1);
    assert.equal((await api.users.get(two.user_id)).email, two.email);
  });

  it('manages APIs and client grants', async () => {
    const server = await api.resourceServers.create({ name: 'Things', identifier: 'urn:things', scopes: [{ value: 'see' }] });
    const client = await world.client();
    const grant = await api.clientGrants.create({ client_id: client.client_id, audience: 'urn:things', scope: ['see'] });
    assert.match(grant.id, /^cgr_/);
    await api.clientGrants.update(grant.id, { scope: [] });
    assert.deepEqual((await api.clientGrants.list({ client_id: client.client_id })).data[0].scope, []);
    await api.clientGrants.delete(grant.id);
    await api.resourceServers.delete(server.id);
    const system = [];
    for await (const s of await api.resourceServers.list({ include_totals: true })) if (s.is_system) system.push(s.identifier);
    assert.deepEqual(system, [`${world.issuer}api/v2/`]);
  });

  it('reads and changes tenant settings', async () => {
    const before = await api.tenants.settings.get();
    assert.equal(before.friendly_name, 'Acme Ltd');
    const after = await api.tenants.settings.update({ session_lifetime: 24, support_url: 'https://acme.example/help' });
    assert.equal(after.session_lifetime, 24);
    await assert.rejects(api.tenants.settings.update({ nonsense: true }), error => error.statusCode === 400);
  });

  it('rotates signing keys: next becomes current, current previous', async () => {
    // The tenant also has EC keys, for APIs with ES256. A new tenant's next RSA key is made after it is ready, so it may
    // be missing here; a rotation then makes its own.
    const rsa = async state => (await api.keys.signing.list()).find(
      k => k[state] && new X509Certificate(k.cert).publicKey.asymmetricKeyType === 'rsa');
    const [current, next] = [await rsa('current'), await rsa('next')];
    await api.keys.signing.rotate();
    const now = await rsa('current');
    assert.notEqual(now.kid, current.kid);
    if (next) assert.equal(now.kid, next.kid);
    assert.equal((await rsa('previous')).kid, current.kid);
    const jwks = await (await fetch(world.url('/.well-known/jwks.json'))).json();
    assert.ok([now, current].every(key => jwks.keys.some(k => k.kid === key.kid)));
  });

  it('makes tickets', async () => {
    const user = await world.user({ email_verified: false });
    const { ticket } = await api.tickets.changePassword({ user_id: user.user_id, result_url: 'https://app.acme.example/ok' });
    assert.ok(ticket.startsWith(world.issuer));
    const verification = await api.tickets.verifyEmail({ user_id: user.user_id });
    assert.ok(verification.ticket.startsWith(world.issuer));
  });

  it('reads the log of what happened', async () => {
    const user = await world.user(), client = await world.client();
    await world.signIn(client, user);
    const events = (await api.users.logs.list(user.user_id)).data;
    assert.ok(events.some(e => e.type === 's' && e.client_id === client.client_id));
    assert.equal((await api.logs.get(events[0].log_id)).log_id, events[0].log_id);
  });

  it('lists sessions and refresh tokens of a user and revokes them', async () => {
    const user = await world.user(), client = await world.client();
    const { code } = await world.signIn(client, user, { scope: 'openid offline_access' });
    const { body } = await world.exchange(client, code);
    const sessions = (await api.users.sessions.list(user.user_id)).data;
    assert.equal(sessions.length, 1);
    const tokens = (await api.users.refreshToken.list(user.user_id)).data;
    assert.equal(tokens[0].client_id, client.client_id);
    await api.refreshTokens.delete(tokens[0].id);
    const refused = await world.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token,
      client_id: client.client_id, client_secret: client.client_secret });
    assert.equal(refused.status, 403);
    await api.sessions.delete(sessions[0].id);
    assert.equal((await api.users.sessions.list(user.user_id)).data.length, 0);
  });

  it('works from the next major version of the SDK too', async () => {
    const next = new NextManagementClient({
      domain: world.domain, clientId: world.tenant.client_id, clientSecret: world.tenant.client_secret,
    });
    assert.equal((await next.tenants.settings.get()).friendly_name, 'Acme Ltd');
  });

  it('is refused with a wrong secret', async () => {
    const wrong = new ManagementClient({ domain: world.domain, clientId: world.tenant.client_id, clientSecret: 'x' });
    await assert.rejects(wrong.clients.list());
  });
});

describe('npm auth0: AuthenticationClient', () => {
  let world, client, authentication;
  before(async () => {
    world = await createWorld();
    client = await world.client();
    authentication = new AuthenticationClient({
      domain: world.domain, clientId: client.client_id, clientSecret: client.client_secret,
    });
  });
  after(() => world?.close());

  it('signs a person up, and refuses the same address and a weak password', async () => {
    const connection = 'Username-Password-Authentication';
    const { data } = await authentication.database.signUp({ email: 'new@acme.example', password, connection });
    assert.match(data._id ?? data.id, /^[0-9a-f]{24}$/);
    assert.equal(data.email_verified, false);
    await assert.rejects(authentication.database.signUp({ email: 'new@acme.example', password, connection }),
      error => error.statusCode === 400);
    await assert.rejects(authentication.database.signUp({ email: 'weak@acme.example', password: 'a', connection }),
      error => error.statusCode === 400 && JSON.parse(error.body).name === 'PasswordStrengthError');
  });

  it('signs in by password-realm, refreshes and revokes', async () => {
    const user = await world.user();
    const { data } = await authentication.oauth.passwordGrant({
      username: user.email, password, realm: 'Username-Password-Authentication', scope: 'openid offline_access',
    });
    assert.ok(data.id_token);
    const refreshed = await authentication.oauth.refreshTokenGrant({ refresh_token: data.refresh_token });
    assert.ok(refreshed.data.access_token);
    const info = await new UserInfoClient({ domain: world.domain }).getUserInfo(data.access_token);
    assert.equal(info.data.sub, user.user_id);
    await authentication.oauth.revokeRefreshToken({ token: data.refresh_token });
    await assert.rejects(authentication.oauth.refreshTokenGrant({ refresh_token: data.refresh_token }));
  });

  it('is told of a wrong password with the text that mobile SDKs compare', async () => {
    const user = await world.user();
    await assert.rejects(authentication.oauth.passwordGrant({ username: user.email, password: 'wrong' }),
      error => error.error === 'invalid_grant' && error.error_description === 'Wrong email or password.');
  });

  it('changes a password by mail', async () => {
    const user = await world.user();
    const { data } = await authentication.database.changePassword({
      email: user.email, connection: 'Username-Password-Authentication',
    });
    assert.equal(typeof data, 'string');
    const mail = await world.mailTo(user.email, m => m.template === 'reset_email');
    assert.match(mail.text, /\/u\/reset-verify\?ticket=/);
  });
});
