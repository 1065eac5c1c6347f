// Events reach webhooks and actions: at least once, in order where nothing fails, again after failures, and never through one tenant's
// trouble later for another.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { noSandbox } from '../support/sandbox.mjs';
import { seedFile, startProcess, startServer } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { WebhookSink } from '../support/webhook-sink.mjs';
import { World } from '../support/world.mjs';

const rivalSeed = new URL('../support/rival.yaml', import.meta.url).pathname;
const users = ['user.created', 'user.updated', 'user.deleted'].map(event_type => ({ event_type }));
const bearer = { method: 'bearer', token: 'hunter2' };
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

const toWebhook = (url, more = {}) => ({ name: `to ${new URL(url).pathname}`, subscriptions: users,
  destination: { type: 'webhook', configuration: { webhook_endpoint: url, webhook_authorization: bearer } }, ...more });
// Asks until the answer is what is wanted.
async function eventually(ask, wanted, seconds = 20) {
  let answer;
  for (let tries = 0; tries < seconds * 20; ++tries) {
    if (wanted(answer = await ask())) return answer;
    await pause(50);
  }
  throw new Error(`it stayed ${JSON.stringify(answer)}`);
}

describe('event streams', embeddedOnly('the webhook and its certificate are known to one process'), () => {
  let sink, world, rival, streams;
  before(async () => {
    sink = await new WebhookSink().start();
    const server = await startServer({ seeds: [seedFile, rivalSeed], args: sink.args, env: sink.env });
    world = new World(server, server.tenant('acme'));
    rival = new World(server, server.tenant('rival'));
    streams = world.management.eventStreams;
  });
  after(async () => {
    await world?.close();
    await sink?.close();
  });
  const stream = (at, more) => streams.create(toWebhook(sink.url + at, more));
  const failed = async (id, query) => (await streams.deliveries.list(id, query)).deliveries;

  it('tell a webhook of a user who is created, changed and deleted', async () => {
    const made = await stream('/life');
    const user = await world.user({ user_metadata: { color: 'teal' } });
    await world.management.users.update(user.user_id, { given_name: 'Ada' });
    await world.management.users.delete(user.user_id);
    const [created, updated, deleted] = await sink.until('/life', 3);
    assert.equal(created.headers.authorization, 'Bearer hunter2');
    assert.equal(created.headers['content-type'], 'application/json');
    const { event } = created;
    assert.match(event.id, /^evt_[0-9A-Za-z]{22}$/);
    assert.deepEqual({ ...event, id: 0, time: 0, data: 0 }, { specversion: '1.0', type: 'user.created', source: 'urn:auth0:acme.localhost', id: 0, time: 0,
      data: 0, a0tenant: 'acme', a0stream: made.id });
    assert.ok(Math.abs(Date.parse(event.time) - Date.now()) < 60_000);
    assert.equal(event.data.object.user_id, user.user_id);
    assert.equal(event.data.object.user_metadata.color, 'teal');
    assert.equal(event.data.object.identities[0].connection, 'Username-Password-Authentication');
    assert.equal(event.data.context.tenant.id, 'acme');
    assert.doesNotMatch(JSON.stringify(event), /password_hash|\$2[aby]\$/);
    assert.equal(updated.event.data.object.given_name, 'Ada');
    assert.equal(updated.event.data.previous_object.given_name, undefined);
    assert.equal(updated.event.data.previous_object.email, user.email);
    assert.equal(deleted.event.type, 'user.deleted');
    assert.equal(deleted.event.data.object.given_name, 'Ada');
    assert.ok(deleted.event.data.object.deleted_at);
    assert.deepEqual(await failed(made.id), []);
    await streams.delete(made.id);
  });

  it('authorize as the webhook asks', async () => {
    const rows = [[{ method: 'basic', username: 'u', password: 'p' }, 'authorization', 'Basic dTpw'], [{ method: 'custom_header', header_key: 'X-Key', header_value: 'v' }, 'x-key', 'v']];
    for (const [webhook_authorization, header, value] of rows) {
      const at = `/as-${webhook_authorization.method}`, body = toWebhook(sink.url + at);
      body.destination.configuration.webhook_authorization = webhook_authorization;
      const made = await streams.create(body);
      assert.doesNotMatch(JSON.stringify(made), /password|header_value/);
      await streams.test(made.id, { event_type: 'user.created' });
      assert.equal((await sink.until(at, 1))[0].headers[header], value);
      await streams.delete(made.id);
    }
  });

  it('try again what fails, without holding up what comes after it', async () => {
    const isUnlucky = event => event.data.object.nickname === 'unlucky';
    sink.answers.set('/flaky', (event, before) => (isUnlucky(event) && before < 2 ? 500 : 200));
    const made = await stream('/flaky');
    await world.user({ nickname: 'unlucky' });
    await world.user();
    const got = await sink.until('/flaky', 4);
    const unlucky = got.map(one => isUnlucky(one.event));
    assert.equal(unlucky.filter(Boolean).length, 3);
    assert.ok(unlucky.indexOf(false) < 3, 'the other did not wait for it');
    assert.equal(new Set(got.filter(one => isUnlucky(one.event)).map(one => one.event.id)).size, 1, 'the same event');
    await eventually(() => failed(made.id), list => list.length === 0);
    await streams.delete(made.id);
  });

  it('list what failed with its attempts, and deliver it again when asked', async () => {
    sink.answers.set('/down', 500);
    const made = await stream('/down');
    const user = await world.user();
    const [delivery] = await eventually(() => failed(made.id), list => list[0]?.attempts.length >= 2);
    assert.equal(delivery.status, 'failed');
    assert.equal(delivery.event_type, 'user.created');
    assert.equal(delivery.event_stream_id, made.id);
    assert.equal(delivery.event.data.object.user_id, user.user_id);
    assert.equal(delivery.attempts[0].error_message, 'The webhook answered 500.');
    assert.ok(delivery.attempts[0].timestamp < delivery.attempts[1].timestamp);
    assert.deepEqual(await failed(made.id, { event_types: 'user.deleted' }), []);
    const history = await streams.deliveries.getHistory(made.id, delivery.id);
    assert.equal(history.id, delivery.event.id);
    sink.answers.set('/down', 200);
    const before = sink.at('/down').length;
    await streams.redeliveries.createById(made.id, delivery.id);
    await sink.until('/down', before + 1, 3);
    await eventually(() => failed(made.id), list => list.length === 0, 3);
    await assert.rejects(streams.redeliveries.createById(made.id, delivery.id), error => error.statusCode === 404);

    sink.answers.set('/down', 500);
    for (let i = 0; i < 2; ++i) await world.user();
    await eventually(() => failed(made.id), list => list.length === 2);
    sink.answers.set('/down', 200);
    const asked = await streams.redeliveries.create(made.id, { event_types: ['user.created'], statuses: ['failed'] });
    assert.deepEqual(asked.event_types, ['user.created']);
    await eventually(() => failed(made.id), list => list.length === 0, 3);
    await streams.delete(made.id);
  });

  it('say nothing while they are disabled', async () => {
    const made = await stream('/off', { status: 'disabled' }), other = await stream('/on');
    await world.user();
    await sink.until('/on', 1);
    await assert.rejects(streams.test(made.id, { event_type: 'user.created' }), error => error.statusCode === 400);
    assert.equal((await streams.update(made.id, { status: 'enabled' })).status, 'enabled');
    const user = await world.user();
    const [got] = await sink.until('/off', 1);
    assert.equal(got.event.data.object.user_id, user.user_id, 'not the one before');
    for (const { id } of [made, other]) await streams.delete(id);
  });

  it('deliver a test event that says so', async () => {
    const made = await stream('/test');
    const answer = await streams.test(made.id, { event_type: 'organization.created', data: { object: { id: 'org_1' } } });
    assert.equal(answer.event_type, 'organization.created');
    const [{ event }] = await sink.until('/test', 1);
    assert.equal(event.id, answer.id);
    assert.equal(event.a0purpose, 'test');
    assert.equal(event.source, 'urn:auth0:acme.localhost');
    assert.equal(event.data.object.id, 'org_1');
    await streams.delete(made.id);
  });

  it('keep tenants apart, also when a webhook of one never answers', async () => {
    sink.answers.set('/silent', 'never');
    const silent = await Promise.all([1, 2, 3].map(() => stream('/silent')));
    const theirs = await rival.management.eventStreams.create(toWebhook(`${sink.url}/rival`));
    await world.user();
    await sink.until('/silent', 3);
    const begun = Date.now(), user = await rival.user();
    const [got] = await sink.until('/rival', 1, 5);
    assert.ok(Date.now() - begun < 5000);
    assert.equal(got.event.a0tenant, 'rival');
    assert.equal(got.event.data.object.user_id, user.user_id);
    assert.equal(sink.at('/rival').length, 1, 'nothing of the other tenant');
    for (const ask of [() => rival.management.eventStreams.get(silent[0].id), () => rival.management.eventStreams.deliveries.list(silent[0].id)])
      await assert.rejects(ask(), error => error.statusCode === 404);
    const other = await stream('/beside');
    await world.user();
    await sink.until('/beside', 1, 5);
    for (const { id } of [...silent, other]) await streams.delete(id);
    await rival.management.eventStreams.delete(theirs.id);
  });

  it('connect to no private address that the operator did not allow', async () => {
    const made = await streams.create(toWebhook('https://127.0.0.1:1/x'));
    await world.user();
    const [delivery] = await eventually(() => failed(made.id), list => list.length === 1);
    assert.equal(delivery.attempts[0].error_message, 'The webhook could not be reached: the address is not public.');
    await streams.delete(made.id);
  });

  it('refuse destinations that are not there', async () => {
    await assert.rejects(streams.create({ name: 'aws', subscriptions: users, destination: { type: 'eventbridge', configuration: { aws_account_id: '1', aws_region: 'us-east-1' } } }),
      error => error.statusCode === 400 && /EventBridge is not available/.test(error.body.message));
  });

  describe('with an action', { skip: noSandbox }, () => {
    const code = url => `exports.onExecuteEventStream = async (event, api) => {
  const { message } = event;
  const { ok } = await fetch('${url}/acted', { method: 'POST', headers: { 'x-key': event.secrets.KEY }, body: JSON.stringify(message) });
  if (!ok) throw new Error('not yet');
};`;
    const deployed = async () => {
      const made = await world.management.actions.create({ name: 'hears', code: code(sink.plainUrl), runtime: 'node22',
        supported_triggers: [{ id: 'event-stream', version: 'v1' }], secrets: [{ name: 'KEY', value: 'secret-1' }] });
      await eventually(() => world.management.actions.get(made.id), action => action.status === 'built');
      await world.management.actions.deploy(made.id);
      return made;
    };

    it('run it with the event, again when it throws, and keep it while it is named', async () => {
      const action = await deployed();
      const made = await streams.create({ name: 'to an action', subscriptions: users, destination: { type: 'action', configuration: { action_id: action.id } } });
      const user = await world.user();
      const [got] = await sink.until('/acted', 1);
      assert.equal(got.headers['x-key'], 'secret-1');
      assert.equal(got.event.type, 'user.created');
      assert.equal(got.event.a0stream, made.id);
      assert.equal(got.event.data.object.user_id, user.user_id);
      sink.answers.set('/acted', 500);
      await world.user({ family_name: 'Later' });
      const [delivery] = await eventually(() => failed(made.id), list => list.length === 1);
      assert.match(delivery.attempts[0].error_message, /hears.*not yet/);
      sink.answers.set('/acted', 200);
      await eventually(() => failed(made.id), list => list.length === 0);
      const again = sink.at('/acted').slice(1);
      assert.ok(again.length >= 2 && again.every(one => one.event.data.object.family_name === 'Later'));
      await assert.rejects(world.management.actions.delete(action.id), error => error.statusCode === 409);
      await streams.delete(made.id);
      await world.management.actions.delete(action.id);
    });
  });
});

describe('event streams and kill -9', embeddedOnly('kills one process on a SQLite file'), () => {
  let sink, data;
  before(async () => {
    sink = await new WebhookSink().start();
    data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
  });
  after(async () => {
    await sink?.close();
    rmSync(data, { recursive: true, force: true });
  });

  it('loses no event of an acknowledged change', async () => {
    const wanted = new Set();
    const start = seeds => startProcess({ seeds, args: ['--store', `sqlite:${data}/store.db`, '--data', data, ...sink.args], env: sink.env });
    for (let round = 0; round < 2; ++round) {
      const server = await start(round === 0 ? [seedFile] : []);
      const world = new World(server, server.tenant('acme'));
      const writer = async () => {
        for (let i = 0; i < 10; ++i) wanted.add((await world.user()).user_id);
      };
      try {
        if (round === 0) await world.management.eventStreams.create(toWebhook(`${sink.url}/all`));
        await writer();
      } finally {
        await server.stop('SIGKILL');
      }
    }
    const server = await start([]);
    const got = () => new Set(sink.at('/all').map(one => one.event.data.object.user_id));
    try {
      await eventually(async () => [...wanted].filter(id => !got().has(id)), missing => missing.length === 0, 120);
      assert.equal(wanted.size, 20);
    } finally {
      await server.stop();
    }
  });
});
