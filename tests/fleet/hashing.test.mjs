// A hashing role of two processes behind one that signs people in: one is killed, one is stopped, and people sign in. And a role that
// has too much to do, which says so and when to come back.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser, logIn } from '../support/browser.mjs';
import { startProcess } from '../support/server.mjs';
import { password, World } from '../support/world.mjs';

const data = mkdtempSync(path.join(tmpdir(), 'durward-hashing-'));
const key = ['--internal-key', 'cd'.repeat(32)];
const hashing = (listen = '127.0.0.1:0', args = ['--bcrypt-cost', '4']) => startProcess({ seeds: [],
  args: ['--data', data, '--role', 'hashing', '--internal-listen', listen, ...key, ...args] });
const asking = (servers, args = []) => startProcess({ ephemeral: true,
  args: [...key, '--hasher', servers.map(s => s.ready.internal_url).join(','), '--internal-ca', path.join(data, 'ca.pem'), '--bcrypt-cost', '4', ...args] });
const metric = async (server, pattern) => Number((await (await fetch(`${server.base}/metrics`)).text()).match(pattern)?.[1] ?? 0);

after(() => rmSync(data, { recursive: true, force: true }));

describe('two hashing processes', () => {
  let a, b, front, world, client, user;
  before(async () => {
    [a, b] = [await hashing(), await hashing()];
    front = await asking([a, b]);
    world = new World(front);
    client = await world.client();
    user = await world.user();
  });
  after(async () => {
    b?.child.kill('SIGCONT');
    await Promise.all([front, a, b].map(server => server?.stop()));
  });

  const signIns = async count => {
    const results = await Promise.allSettled(Array.from({ length: count }, () => world.signIn(client, user)));
    assert.deepEqual(results.map(r => r.reason ?? r.value.page.status ?? 302).filter(s => s !== 302), []);
    assert.ok(results.every(r => r.value.code));
  };
  const attempts = (server, outcome) => metric(front, new RegExp(
    `durward_upstream_endpoint_attempts_total\\{upstream="hashing",endpoint="${server.ready.internal_url}",outcome="${outcome}"\\} (\\d+)`));

  it('share the work, and each has its figures', async () => {
    await signIns(20);
    assert.ok(await attempts(a, 'answered') > 0);
    assert.ok(await attempts(b, 'answered') > 0);
  });

  it('one is killed: people sign in, and with both when it is back', async () => {
    const { host } = new URL(a.ready.internal_url);
    await a.stop('SIGKILL');
    for (let i = 0; i < 4; ++i) await signIns(5);
    a = await hashing(host);
    const before = await attempts(a, 'answered');
    const end = Date.now() + 40_000;  // an ejected server is tried again within its pause
    while (await attempts(a, 'answered') === before && Date.now() < end) await signIns(4);
    assert.ok(await attempts(a, 'answered') > before);
  });

  it('one stands still: people sign in', async () => {
    b.child.kill('SIGSTOP');
    try {
      for (let i = 0; i < 6; ++i) await signIns(4);
    } finally {
      b.child.kill('SIGCONT');
    }
    await signIns(8);
  });
});

// One thread with five lanes and one place to wait, at a cost of a tenth of a second: most of forty at once are too many.
it('a role that has too much to do refuses at once, with the time to come back, on the page and at the token endpoint', async () => {
  const small = await hashing('127.0.0.1:0', ['--bcrypt-cost', '10', '--hash-threads', '1', '--hash-queue', '1']);
  const front = await asking([small], ['--hasher-timeout', '30000', '--rate-profile', 'unlimited']);
  try {
    const world = new World(front), client = await world.client(), users = [];
    for (let i = 0; i < 8; ++i) users.push(await world.user());  // an account is guarded against more attempts at once
    const asked = ({ email }) => ({ grant_type: 'password', client_id: client.client_id, client_secret: client.client_secret, username: email, password, scope: 'openid' });
    const page = await new Browser().open(world.authorizeUrl(client));
    const flood = Array.from({ length: 40 }, (_, i) => world.token(asked(users[i % 8])));
    const shown = await logIn(page, users[0].email, password);
    const answers = await Promise.all(flood);
    const refused = answers.filter(a => a.status !== 200);
    assert.ok(answers.length > refused.length, 'what has a lane is hashed');
    assert.ok(refused.length >= 10, String(refused.length));
    for (const answer of refused) {
      assert.equal(answer.status, 503);
      assert.equal(answer.body.error, 'temporarily_unavailable');
      assert.match(answer.headers.get('retry-after'), /^[1-9]\d?$/);
    }
    if (shown.status === 503) assert.match(shown.header('retry-after'), /^[1-9]\d?$/);
    else assert.ok(shown.callback.code);
    assert.ok(await metric(small, /durward_hash_shed_total\{reason="queue_full"\} (\d+)/) >= 10);
  } finally {
    await front.stop();
    await small.stop();
  }
});
