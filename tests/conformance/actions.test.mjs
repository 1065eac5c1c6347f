// Customers' code from a file and the command line: seeds of the Deploy CLI's format, tests without a server, and the tail
// of what actions said.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { binary, seedFile, startServer } from '../support/server.mjs';
import { World, claims, ordersApi } from '../support/world.mjs';

const run = promisify(execFile);
const directory = mkdtempSync(path.join(tmpdir(), 'durward-actions-'));
after(() => rmSync(directory, { recursive: true, force: true }));

describe('durward actions test', () => {
  const file = (name, text) => { const at = path.join(directory, name); writeFileSync(at, text); return at; };
  const test = async (...words) => {
    try {
      return { exit: 0, ...JSON.parse((await run(binary, ['actions', 'test', ...words, '--json'])).stdout) };
    } catch (error) {
      return { exit: error.code, error: error.stderr, ...(error.stdout ? JSON.parse(error.stdout) : {}) };
    }
  };

  it('runs TypeScript in the sandbox and prints what it would do', async () => {
    const code = file('greet.ts', `exports.onExecutePostLogin = async (event: any, api: any): Promise<void> => {
      console.log('hello', event.user.email);
      api.idToken.setCustomClaim('https://acme.example/key', event.secrets.KEY);
    };`);
    const event = file('event.json', JSON.stringify({ user: { email: 'ada@acme.example' } }));
    const done = await test(code, '--event', event, '--secrets', file('secrets.json', '{"KEY":"v"}'));
    assert.equal(done.exit, 0, done.error);
    assert.deepEqual(done.commands, [{ name: 'idToken.setCustomClaim', args: ['https://acme.example/key', 'v'] }]);
    assert.equal(done.console[0].text, 'hello ada@acme.example');
  });

  it('calls the handler of the trigger it is told, and ends with 9 when that fails', async () => {
    const code = file('machine.js', `exports.onExecuteCredentialsExchange = async () => { throw new Error('no'); };`);
    const done = await test(code, '--trigger', 'credentials-exchange');
    assert.equal(done.exit, 9);
    assert.equal(done.error.message, 'no');
    assert.equal((await test(file('syntax.js', 'exports.x = (;'))).exit, 6);
  });
});

describe('a seed with code', () => {
  let world;
  before(async () => {
    mkdirSync(path.join(directory, 'actions'));
    writeFileSync(path.join(directory, 'actions/machine.js'), `exports.onExecuteCredentialsExchange = async (event, api) => {
      console.log('machine ' + event.client.client_id + 'x'.repeat(300));
      api.accessToken.setCustomClaim('https://acme.example/color', 'teal');
    };\n`);
    const seed = path.join(directory, 'acme.yaml');
    writeFileSync(seed, `${readFileSync(seedFile, 'utf8')}
actions:
  - name: machine
    code: ./actions/machine.js
    deployed: true
    supported_triggers: [{id: credentials-exchange, version: v2}]
  - name: judge
    code: exports.onExecuteCustomTokenExchange = async () => {};
    deployed: true
    supported_triggers: [{id: custom-token-exchange, version: v1}]
tokenExchangeProfiles:
  - {name: Partners, subject_token_type: 'urn:partner:token', type: custom_authentication, action: judge}
triggers:
  credentials-exchange:
    - {action_name: machine, display_name: machine}
`);
    world = new World(await startServer({ seeds: [seed] }));
  });
  after(() => world?.server.stop());

  const tail = async from => {
    const response = await fetch(world.url(`/api/v2/actions/logs/tail?from=${from ?? ''}`),
      { headers: { authorization: `Bearer ${world.apiToken ??= await world.managementToken()}` } });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const events = (await response.text()).split('\n\n').filter(text => /^data:/m.test(text));
    return events.map(text => ({ id: /^id: (\d+)/m.exec(text)?.[1], event: /^event: (.*)/m.exec(text)[1],
      data: JSON.parse(/^data: (.*)/m.exec(text)[1]) }));
  };

  it('has its actions deployed and bound', async () => {
    const { actions } = world.management;
    const { data } = await actions.triggers.bindings.list('credentials-exchange');
    assert.deepEqual(data.map(b => b.action.name), ['machine']);
    assert.equal(data[0].action.all_changes_deployed, true);
  });

  it('has its token exchange profiles', async () => {
    const { data: [profile] } = await world.management.tokenExchangeProfiles.list();
    assert.equal(profile.subject_token_type, 'urn:partner:token');
    assert.equal((await world.management.actions.get(profile.action_id)).name, 'judge');
  });

  it('runs them, and the tail says what they said', async () => {
    const client = await world.client();
    await world.management.clientGrants.create({ client_id: client.client_id, audience: ordersApi, scope: [] });
    const { body } = await world.token({ grant_type: 'client_credentials', client_id: client.client_id,
      client_secret: client.client_secret, audience: ordersApi });
    assert.equal(claims(body.access_token)['https://acme.example/color'], 'teal');
    const said = (await tail()).findLast(e => e.event === 'console' && e.data.text.includes(client.client_id));
    assert.equal(said.data.action_name, 'machine');
    assert.ok(said.data.text.length > 300, 'not cut');
    const execution = await world.management.actions.executions.get(said.data.execution_id);
    assert.equal(execution.trigger_id, 'credentials-exchange');
    assert.equal(execution.status, 'final');
    const { id } = (await tail()).findLast(e => e.event === 'execution');
    assert.deepEqual(await tail(id), [], 'nothing after the last');
  });
});
