// --fixed-time and --seed-random: users' own CI gets the same tokens from the same run (docs/architecture.md).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';

const alone = embeddedOnly('--fixed-time and --seed-random are for one process');

async function tokenOf(seed) {
  const server = await startProcess({
    ephemeral: true, args: ['--fixed-time', '2026-01-31T09:30:00Z', '--seed-random', seed, '--plain-http'],
  });
  try {
    const { client_id, client_secret } = server.tenant();
    // The port differs from run to run and would be part of the issuer.
    const headers = { 'content-type': 'application/json', 'x-forwarded-host': 'login.acme.example', 'x-forwarded-proto': 'https' };
    const call = async (path, body) => (await fetch(server.base + path, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) })).json();
    const { issuer } = await call('/.well-known/openid-configuration');
    const { access_token } = await call('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret, audience: `${issuer}api/v2/` });
    assert.ok(access_token);
    return { access_token, jwks: await call('/.well-known/jwks.json') };
  } finally {
    await server.stop();
  }
}
const rsa = jwks => jwks.keys.filter(k => k.kty === 'RSA').map(k => k.n);

test('the same seed gives the same RSA keys, another seed others', alone, async () => {
  const [one, again, other] = [await tokenOf('7'), await tokenOf('7'), await tokenOf('8')];
  assert.deepEqual(rsa(one.jwks), rsa(again.jwks));
  assert.notDeepEqual(rsa(one.jwks), rsa(other.jwks));
});

test('the same seed and time give the same signature over the same claims', alone, async () => {
  const [one, again] = [await tokenOf('7'), await tokenOf('7')];
  const header = token => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
  const claims = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.deepEqual(header(one.access_token), header(again.access_token));
  const { iss: issOne, aud: audOne, ...restOne } = claims(one.access_token);
  const { iss: issAgain, aud: audAgain, ...restAgain } = claims(again.access_token);
  assert.deepEqual(restOne, restAgain);
  if (issOne === issAgain) assert.equal(one.access_token, again.access_token);
});
