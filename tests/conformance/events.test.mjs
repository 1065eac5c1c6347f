// Changes reach a broker and come back as mails, also when the broker dies or loses its disk in between.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { NatsServer } from '../support/nats.mjs';
import { binary, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const run = promisify(execFile);

describe('events through NATS', embeddedOnly('kills the broker of one process; tests/faults kills that of a fleet'), () => {
  let nats, data, world;
  before(async () => {
    nats = await NatsServer.start();
    data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
    const server = await startProcess({
      args: ['--data', data, '--events', nats.url, '--mail-catcher'],
    });
    world = new World(server, server.tenant('acme'));
  });
  after(async () => {
    await world?.server.stop();
    await nats?.close();
    if (data) rmSync(data, { recursive: true, force: true });
  });

  const events = async (...words) => {
    const { stdout } = await run(binary, ['events', ...words, '--data', data, '--json']);
    return stdout.split('\n').filter(Boolean).map(line => JSON.parse(line));
  };
  const resetMail = async user => {
    const response = await fetch(world.url('/dbconnections/change_password'), {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: user.email, connection: 'Username-Password-Authentication' }),
    });
    assert.equal(response.status, 200);
    return world.mailTo(user.email, mail => mail.template === 'reset_email');
  };

  it('a change is heard with its tenant, and holds no secret', async () => {
    const user = await world.user();
    const [event] = (await events('tail', '--type', 'user.*', '--limit', '1'));
    assert.equal(event.type, 'user.created');
    assert.equal(event.tenant, 'acme');
    assert.equal(event.data.object.user_id, user.user_id);
    assert.equal(event.data.object.email, user.email);
    assert.doesNotMatch(JSON.stringify(event), /password|\$2[aby]\$/);
  });

  it('a mail goes through the queue, its link does not', async () => {
    const user = await world.user();
    const mail = await resetMail(user);
    const ticket = /ticket=([\w-]+)/.exec(mail.text)[1];
    const heard = await events('replay', '--type', 'mail.requested');
    assert.ok(heard.length > 0);
    assert.ok(!JSON.stringify(heard).includes(ticket));
  });

  it('a mail asked for while the broker is away is sent when it is back', async () => {
    const user = await world.user();
    await nats.kill();
    const mail = resetMail(user);
    await nats.restart();
    assert.ok(await mail);
  });

  it('a broker that lost everything sends nothing twice', async () => {
    const before = await world.user();
    await resetMail(before);
    await nats.kill();
    nats.loseEverything();
    await nats.restart();
    const user = await world.user();
    await resetMail(user);
    const metrics = await (await fetch(world.url('/metrics'))).text();
    const sent = Number(/durward_mails_total\{outcome="sent"\} (\d+)/.exec(metrics)[1]);
    const asked = (await events('replay', '--type', 'mail.requested')).length;
    assert.equal(sent, asked);
  });

  it('a sign-in is not an event', async () => {
    const client = await world.client(), user = await world.user();
    const [{ offset }] = await events('tail', '--limit', '1');
    const { code } = await world.signIn(client, user);
    const { status } = await world.exchange(client, code);
    assert.equal(status, 200);
    assert.deepEqual(await events('replay', '--from', String(offset + 1)), []);
  });
});
