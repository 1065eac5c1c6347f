// The Deploy CLI against a tenant: what it exports of attack protection it imports into another.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createWorld } from '../support/world.mjs';

const run = promisify(execFile);
const program = path.join(path.dirname(fileURLToPath(import.meta.url)), '../node_modules/auth0-deploy-cli/lib/index.js');

describe('npm auth0-deploy-cli', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-deploy-'));
  let from, to;
  before(async () => { [from, to] = await Promise.all([createWorld(), createWorld()]); });
  after(async () => {
    await Promise.all([from?.close(), to?.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  function deploy(world, ...args) {
    const settings = path.join(directory, `${world === from ? 'from' : 'to'}.json`);
    writeFileSync(settings, JSON.stringify({ AUTH0_DOMAIN: world.domain, AUTH0_CLIENT_ID: world.tenant.client_id,
      AUTH0_CLIENT_SECRET: world.tenant.client_secret, AUTH0_INCLUDED_ONLY: ['attackProtection'] }));
    return run(process.execPath, [program, ...args, '--config_file', settings],
      { cwd: directory, env: { ...process.env, NODE_EXTRA_CA_CERTS: world.server.ready.ca_file } });
  }
  const settingsOf = async ({ management: { attackProtection: a } }) => Object.fromEntries(await Promise.all(
    ['botDetection', 'breachedPasswordDetection', 'bruteForceProtection', 'captcha', 'suspiciousIpThrottling']
      .map(async name => [name, await a[name].get()])));

  it('moves attack protection from one tenant to another', async () => {
    const { attackProtection } = from.management;
    await attackProtection.bruteForceProtection.update({ max_attempts: 4, mode: 'count_per_identifier', allowlist: ['192.0.2.0/24'] });
    await attackProtection.suspiciousIpThrottling.update({ stage: { 'pre-login': { max_attempts: 50, rate: 34560 } } });
    await attackProtection.breachedPasswordDetection.update({ enabled: true, shields: ['block'], admin_notification_frequency: ['daily'] });
    await attackProtection.botDetection.update({ bot_detection_level: 'low', challenge_password_policy: 'always' });
    const out = path.join(directory, 'tenant');
    mkdirSync(out);
    await deploy(from, 'export', '--format', 'yaml', '--output_folder', out);
    assert.match(readFileSync(path.join(out, 'tenant.yaml'), 'utf8'), /attackProtection:/);
    assert.notDeepEqual(await settingsOf(to), await settingsOf(from));
    await deploy(to, 'import', '--input_file', path.join(out, 'tenant.yaml'));
    assert.deepEqual(await settingsOf(to), await settingsOf(from));
    await deploy(to, 'import', '--input_file', path.join(out, 'tenant.yaml'));
    assert.deepEqual(await settingsOf(to), await settingsOf(from), 'again is fine');
  });
});
