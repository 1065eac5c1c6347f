// People whose passwords another program hashed sign in with a stock client, and are hashed like everybody else from then on. The hashes of
// imported-hashes.json were made by Python's hashlib, libxcrypt, libargon2 and the openssl program.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { AuthenticationClient } from 'auth0';
import { binary, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const password = 'Grüße, Welt';
const hashes = JSON.parse(readFileSync(new URL('imported-hashes.json', import.meta.url), 'utf8'));
const emailOf = name => `${name.replaceAll('_', '.')}@acme.example`;
const userOf = ({ name, ...custom_password_hash }) => ({ email: emailOf(name), email_verified: true, custom_password_hash });

describe('hashes of other programs', embeddedOnly('reads the store with the command line'), () => {
  let data, world, authentication;
  const store = () => ['--store', `sqlite:${data}/store.db`, '--data', data];
  const durward = (...args) => promisify(execFile)(binary, [...args, ...store()]);
  const signIn = (name, attempt = password) => authentication.oauth.passwordGrant({ username: emailOf(name), password: attempt });
  async function serve(seeds) {
    const server = await startProcess({ seeds, args: [...store(), '--bcrypt-cost', '6'] });
    world = new World(server, server.tenant('acme'));
    const client = await world.client();
    authentication = new AuthenticationClient({ domain: world.domain, clientId: client.client_id, clientSecret: client.client_secret });
  }
  const kept = async () => {
    const { stdout } = await durward('user', 'export', '--tenant', 'acme', '--with-password-hashes');
    return new Map(stdout.trim().split('\n').map(line => JSON.parse(line)).map(user => [user.email, user.password_hash]));
  };

  before(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'durward-hashes-'));
    const seed = path.join(data, 'acme.yaml');
    writeFileSync(seed, JSON.stringify({ tenant: { name: 'acme', default_directory: 'Username-Password-Authentication', flags: { enable_client_connections: true } },
      users: hashes.slice(2).map(userOf) })); // JSON is YAML
    const file = path.join(data, 'users.json');
    writeFileSync(file, JSON.stringify(hashes.slice(0, 2).map(userOf)));
    await serve([seed]);
    await world.close();
    await durward('user', 'import', '--tenant', 'acme', file);
    await serve([]);
  });
  after(async () => {
    await world?.close();
    rmSync(data, { recursive: true, force: true });
  });

  it('are there as they came, whether seeded or imported', async () => {
    const before = await kept();
    for (const { name, algorithm } of hashes) assert.ok(before.get(emailOf(name)), name);
    assert.ok(![...before].some(([, hash]) => hash.startsWith('$2b$06$')));
    assert.match(before.get(emailOf('ldap_ssha')), /^\$sha1\$pos=suffix\$/);
  });

  it('open with the right password only', async () => {
    for (const name of ['md4_utf16le', 'argon2id', 'scrypt_of_firebase', 'bcrypt_salt_behind'])
      await assert.rejects(signIn(name, `${password}!`), error => error.statusCode === 403 && error.error === 'invalid_grant');
    for (const { name } of hashes) {
      const { data: tokens } = await signIn(name);
      assert.ok(tokens.access_token, name);
    }
  });

  it('are bcrypt of the configured cost after the first sign-in, and go on to open', async () => {
    const now = await kept();
    for (const { name } of hashes) assert.match(now.get(emailOf(name)), /^\$2b\$06\$/, name);
    assert.ok((await signIn('hmac_whirlpool')).data.access_token);
    await assert.rejects(signIn('hmac_whirlpool', 'another'), error => error.statusCode === 403);
  });

  it('become argon2id when the operator says so, and open as before', async () => {
    await world.close();
    await durward('tenant', 'entitlements', 'acme', '--patch', '{"password_scheme":"argon2id"}');
    await serve([]);
    await signIn('sha256_hex');
    assert.match((await kept()).get(emailOf('sha256_hex')), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.ok((await signIn('sha256_hex')).data.access_token);
    await assert.rejects(signIn('sha256_hex', 'another'), error => error.statusCode === 403);
  });
});
