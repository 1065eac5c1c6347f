import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as oauth from 'oauth4webapi';
import { callback, createWorld, ordersApi } from '../support/world.mjs';

describe('npm oauth4webapi', () => {
  let world, user, as;
  before(async () => {
    world = await createWorld();
    await world.management.tenants.settings.update({ authorization_response_iss_parameter_supported: true });
    user = await world.user();
    const issuer = new URL(world.issuer);
    as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
  });
  after(() => world?.close());

  it('reads the same metadata at the RFC 8414 path', async () => {
    const issuer = new URL(world.issuer);
    const metadata = await oauth.processDiscoveryResponse(issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' }));
    assert.deepEqual(metadata, as);
    assert.equal(as.authorization_response_iss_parameter_supported, true);
  });

  it('signs in with code + PKCE, validates iss, ID token signature, at_hash, and calls userinfo', async () => {
    const registered = await world.client();
    const client = { client_id: registered.client_id };
    const authentication = oauth.ClientSecretPost(registered.client_secret);
    const verifier = oauth.generateRandomCodeVerifier(), nonce = oauth.generateRandomNonce();
    const { page } = await world.signIn(registered, user, {
      nonce, max_age: 3600, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const parameters = oauth.validateAuthResponse(as, client, new URL(page.location), 'st');
    const response = await oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, callback, verifier);
    const result = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce, maxAge: 3600, requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, response);
    const { sub, auth_time } = oauth.getValidatedIdTokenClaims(result);
    assert.equal(sub, user.user_id);
    assert.equal(typeof auth_time, 'number');
    const info = await oauth.processUserInfoResponse(as, client, sub,
      await oauth.userInfoRequest(as, client, result.access_token));
    assert.equal(info.email, user.email);
  });

  it('is told of errors in the form that it understands', async () => {
    const registered = await world.client();
    const client = { client_id: registered.client_id };
    const response = await oauth.clientCredentialsGrantRequest(as, client,
      oauth.ClientSecretPost(registered.client_secret), { audience: ordersApi });
    await assert.rejects(oauth.processClientCredentialsResponse(as, client, response),
      error => error instanceof oauth.ResponseBodyError && error.error === 'access_denied' && error.status === 403);
  });

  it('validates a JWT access token at the API', async () => {
    const registered = await world.client({ app_type: 'non_interactive' });
    await world.management.resourceServers.create({
      name: 'Strict', identifier: 'https://strict.acme.example', token_dialect: 'rfc9068_profile', signing_alg: 'PS256',
      scopes: [{ value: 'go' }],
    });
    await world.management.clientGrants.create({
      client_id: registered.client_id, audience: 'https://strict.acme.example', scope: ['go'],
    });
    const client = { client_id: registered.client_id };
    const result = await oauth.processClientCredentialsResponse(as, client,
      await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretPost(registered.client_secret),
        { audience: 'https://strict.acme.example' }));
    const request = new Request('https://strict.acme.example/things',
      { headers: { authorization: `Bearer ${result.access_token}` } });
    const token = await oauth.validateJwtAccessToken(as, request, 'https://strict.acme.example',
      { signingAlgorithms: ['PS256'] });
    assert.equal(token.client_id, registered.client_id);
  });
});
