// The Deploy CLI against a tenant: what it exports of attack protection and of customers' code it imports into another.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { noSandbox } from '../support/sandbox.mjs';
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

  function deploy(world, included, ...args) {
    const settings = path.join(directory, `${world === from ? 'from' : 'to'}.json`);
    writeFileSync(settings, JSON.stringify({ AUTH0_DOMAIN: world.domain, AUTH0_CLIENT_ID: world.tenant.client_id,
      AUTH0_CLIENT_SECRET: world.tenant.client_secret, AUTH0_INCLUDED_ONLY: included }));
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
    await deploy(from, ['attackProtection'], 'export', '--format', 'yaml', '--output_folder', out);
    assert.match(readFileSync(path.join(out, 'tenant.yaml'), 'utf8'), /attackProtection:/);
    assert.notDeepEqual(await settingsOf(to), await settingsOf(from));
    await deploy(to, ['attackProtection'], 'import', '--input_file', path.join(out, 'tenant.yaml'));
    assert.deepEqual(await settingsOf(to), await settingsOf(from));
    await deploy(to, ['attackProtection'], 'import', '--input_file', path.join(out, 'tenant.yaml'));
    assert.deepEqual(await settingsOf(to), await settingsOf(from), 'again is fine');
  });

  const code = ['actions', 'tokenExchangeProfiles', 'triggers', 'rules', 'rulesConfigs', 'hooks', 'databases'];
  const all = async page => { const out = []; for await (const item of await page) out.push(item); return out; };
  async function codeOf({ management: api }) {
    const bindings = await all(api.actions.triggers.bindings.list('post-login'));
    const databases = await all(api.connections.list({ strategy: 'auth0' }));
    return {
      actions: (await all(api.actions.list())).map(a => ({ name: a.name, code: a.code, deployed: a.deployed_version?.code, secrets: a.secrets.map(s => s.name) }))
        .sort((a, b) => a.name.localeCompare(b.name)),
      bindings: bindings.map(b => [b.action.name, b.display_name]),
      profiles: await Promise.all((await all(api.tokenExchangeProfiles.list())).map(async ({ name, subject_token_type, type, action_id }) =>
        ({ name, subject_token_type, type, action: (await api.actions.get(action_id)).name }))),
      rules: (await all(api.rules.list())).map(({ name, script, order, enabled }) => ({ name, script, order, enabled })),
      hooks: (await all(api.hooks.list())).map(({ name, script, triggerId, enabled }) => ({ name, script, triggerId, enabled })),
      databases: databases.filter(d => d.options.customScripts).map(d => [d.name, d.options.customScripts, d.options.import_mode]),
    };
  }

  it("moves customers' code from one tenant to another", { skip: noSandbox }, async () => {
    const { actions, rules, rulesConfigs, hooks, connections, tokenExchangeProfiles } = from.management;
    const triggers = [{ id: 'post-login', version: 'v3' }];
    for (const name of ['first', 'second'])
      await actions.create({ name, supported_triggers: triggers, code: `exports.onExecutePostLogin = async () => '${name}';\n`, deploy: true,
        secrets: [{ name: 'KEY', value: 'v' }] });
    await actions.create({ name: 'draft', supported_triggers: triggers, code: 'exports.onExecutePostLogin = async () => {};\n' });
    const judge = await actions.create({ name: 'judge', supported_triggers: [{ id: 'custom-token-exchange', version: 'v1' }], deploy: true,
      code: 'exports.onExecuteCustomTokenExchange = async () => {};\n' });
    await tokenExchangeProfiles.create({ name: 'Partners', subject_token_type: 'urn:partner:token', action_id: judge.id, type: 'custom_authentication' });
    await actions.triggers.bindings.updateMany('post-login', { bindings: ['second', 'first']
      .map(value => ({ ref: { type: 'action_name', value }, display_name: `the ${value}` })) });
    for (const name of ['one', 'two']) await rules.create({ name, script: 'function (user, context, callback) {\n  callback(null, user, context);\n}' });
    await rulesConfigs.set('COLOR', { value: 'red' });
    await hooks.create({ name: 'machine', triggerId: 'credentials-exchange', enabled: true,
      script: 'module.exports = function (client, scope, audience, context, cb) {\n  cb(null, {});\n};' });
    await connections.create({ name: 'people', strategy: 'auth0', options: { enabledDatabaseCustomization: true, import_mode: true,
      customScripts: { login: 'function login(email, password, callback) {\n  callback(new Error(email));\n}',
        get_user: 'function getUser(email, callback) {\n  callback(null);\n}' } } });
    const out = path.join(directory, 'code');
    mkdirSync(out);
    await deploy(from, code, 'export', '--format', 'yaml', '--output_folder', out);
    await deploy(to, code, 'import', '--input_file', path.join(out, 'tenant.yaml'));
    const wanted = await codeOf(from);
    assert.deepEqual(await codeOf(to), wanted);
    assert.deepEqual(wanted.profiles, [{ name: 'Partners', subject_token_type: 'urn:partner:token', type: 'custom_authentication', action: 'judge' }]);
    assert.deepEqual(wanted.bindings, [['second', 'the second'], ['first', 'the first']]);
    await deploy(to, code, 'import', '--input_file', path.join(out, 'tenant.yaml'));
    assert.deepEqual(await codeOf(to), wanted, 'again is fine');
  });

  it('moves event streams with the actions they lead to', { skip: noSandbox }, async () => {
    const { actions, eventStreams } = from.management, kinds = ['actions', 'eventStreams'];
    const hears = await actions.create({ name: 'hears', supported_triggers: [{ id: 'event-stream', version: 'v1' }], deploy: true,
      code: 'exports.onExecuteEventStream = async () => {};\n' });
    const wanted = { name: 'people', status: 'disabled', subscriptions: [{ event_type: 'user.created' }, { event_type: 'user.deleted' }] };
    await eventStreams.create({ ...wanted, destination: { type: 'action', configuration: { action_id: hears.id } } });
    const out = path.join(directory, 'streams');
    mkdirSync(out);
    await deploy(from, kinds, 'export', '--format', 'yaml', '--output_folder', out);
    for (const again of [false, true]) {
      await deploy(to, kinds, 'import', '--input_file', path.join(out, 'tenant.yaml'));
      const made = await all(to.management.eventStreams.list());
      assert.deepEqual(made.map(({ name, status, subscriptions }) => ({ name, status, subscriptions })), [wanted], `again: ${again}`);
      const action = await to.management.actions.get(made[0].destination.configuration.action_id);
      assert.equal(action.name, 'hears');
    }
  });
});
