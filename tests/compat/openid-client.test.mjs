import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../support/browser.mjs';
import { callback, claims, createWorld, ordersApi } from '../support/world.mjs';

describe('npm openid-client', () => {
  let world, user;
  before(async () => {
    world = await createWorld();
    user = await world.user({ name: 'Grace Hopper' });
  });
  after(() => world?.close());

  async function configuration(client, authentication) {
    return oidc.discovery(new URL(world.issuer), client.client_id, client.client_secret, authentication);
  }

  async function login(config, client, parameters = {}, checks = {}) {
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState(), nonce = oidc.randomNonce();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback, scope: 'openid profile email offline_access', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...parameters,
    });
    const browser = new Browser();
    const page = await browser.open(url.href);
    const { logIn } = await import('../support/browser.mjs');
    const done = await logIn(page, user.email, 'Correct-Horse-7');
    const tokens = await oidc.authorizationCodeGrant(config, new URL(done.location), {
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, ...checks,
    });
    return { tokens, browser };
  }

  it('discovers, signs in with code + PKCE, and reads userinfo', async () => {
    const client = await world.client();
    const config = await configuration(client);
    oidc.enableNonRepudiationChecks(config);
    const { tokens } = await login(config, client);
    const id = tokens.claims();
    assert.equal(id.iss, world.issuer);
    assert.equal(id.sub, user.user_id);
    assert.equal(id.name, 'Grace Hopper');
    const info = await oidc.fetchUserInfo(config, tokens.access_token, id.sub);
    assert.equal(info.email, user.email);
    assert.equal(info.email_verified, true);
  });

  it('authenticates by client_secret_basic', async () => {
    const client = await world.client({ token_endpoint_auth_method: 'client_secret_basic' });
    const config = await configuration(client, oidc.ClientSecretBasic(client.client_secret));
    const { tokens } = await login(config, client);
    assert.ok(tokens.id_token);
  });

  it('signs in as a public client', async () => {
    const client = await world.client({ app_type: 'native', token_endpoint_auth_method: 'none' });
    const config = await oidc.discovery(new URL(world.issuer), client.client_id, undefined, oidc.None());
    const { tokens } = await login(config, client);
    assert.ok(tokens.access_token);
  });

  it('gets a JWT access token for an API and refreshes it with rotation; reuse revokes the family', async () => {
    const client = await world.client({
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0,
        token_lifetime: 2592000, idle_token_lifetime: 1296000,
        infinite_token_lifetime: false, infinite_idle_token_lifetime: false },
    });
    const config = await configuration(client);
    const { tokens } = await login(config, client, {
      audience: ordersApi, scope: 'openid offline_access read:orders',
    });
    assert.deepEqual(claims(tokens.access_token).aud, [ordersApi, `${world.issuer}userinfo`]);
    assert.equal(claims(tokens.access_token).scope, 'openid read:orders offline_access'.split(' ').sort().join(' ') ===
      claims(tokens.access_token).scope.split(' ').sort().join(' ') ? claims(tokens.access_token).scope : 'mismatch');
    const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(second.refresh_token, tokens.refresh_token);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token),
      error => error.error === 'invalid_grant' && /invalid refresh token/.test(error.error_description));
    await assert.rejects(oidc.refreshTokenGrant(config, second.refresh_token), error => error.error === 'invalid_grant');
  });

  it('revokes a refresh token', async () => {
    const client = await world.client();
    const config = await configuration(client);
    const { tokens } = await login(config, client);
    assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
    await oidc.tokenRevocation(config, tokens.refresh_token);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), error => error.error === 'invalid_grant');
  });

  it('gets a token by client credentials', async () => {
    const client = await world.client({ app_type: 'non_interactive' });
    await world.management.clientGrants.create({
      client_id: client.client_id, audience: ordersApi, scope: ['read:orders'],
    });
    const config = await configuration(client);
    const tokens = await oidc.clientCredentialsGrant(config, { audience: ordersApi });
    const token = claims(tokens.access_token);
    assert.equal(token.sub, `${client.client_id}@clients`);
    assert.equal(token.scope, 'read:orders');
    assert.equal(token.gty, 'client-credentials');
  });

  it('signs in by hybrid code id_token with form_post', async () => {
    const client = await world.client();
    const config = await configuration(client);
    oidc.useCodeIdTokenResponseType(config);
    const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback, scope: 'openid email', state, nonce, response_mode: 'form_post',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const { logIn } = await import('../support/browser.mjs');
    const done = await logIn(await new Browser().open(url.href), user.email, 'Correct-Horse-7');
    const form = done.forms.find(f => f.action === callback);
    const body = new URLSearchParams(form.fields.filter(f => f.name).map(f => [f.name, f.value]));
    const request = new Request(callback, { method: 'POST', body });
    const tokens = await oidc.authorizationCodeGrant(config, request, {
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce,
    });
    assert.equal(tokens.claims().sub, user.user_id);
  });

  it('signs out at the end_session_endpoint', async () => {
    const client = await world.client({ allowed_logout_urls: ['https://app.acme.example/bye'] });
    const config = await configuration(client);
    const { tokens, browser } = await login(config, client);
    const url = oidc.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://app.acme.example/bye', state: 'later',
    });
    const page = await browser.open(url.href);
    assert.equal(page.location, 'https://app.acme.example/bye?state=later');
    const again = await browser.open(world.authorizeUrl(client, { prompt: 'none' }));
    assert.equal(again.callback.error, 'login_required');
  });
});
