// Two processes with one store and one Redis count wrong passwords together; while Redis is away each counts alone, and what
// is blocked stays blocked.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Guesser, inParallel, logged, trusting } from '../support/guesser.mjs';
import { startProcess } from '../support/server.mjs';
import { password, World } from '../support/world.mjs';

const freePort = () => new Promise(resolve => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

async function startRedis(port, directory) {
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.off('exit', killed));
  await new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`redis-server ended with ${code}`)));
    let text = '';
    child.stdout.on('data', data => { text += data; if (/Ready to accept connections/.test(text)) resolve(); });
  });
  return child;
}

describe('two processes on one Redis', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-guard-'));
  const data = path.join(directory, 'data');
  let redis, worlds, client, guesser;

  before(async () => {
    const port = await freePort();
    redis = await startRedis(port, directory);
    const args = ['--data', data, '--redis', `redis://127.0.0.1:${port}`, ...trusting];
    const first = await startProcess({ args });
    const second = await startProcess({ seeds: [], args });
    worlds = [new World(first), new World(second, first.tenant())];
    worlds[1].domain = new URL(second.base).host;
    worlds[1].origin = second.base;
    client = await worlds[0].client();
    guesser = new Guesser(worlds, client);
    // What one process changed, the other knows within a second.
    const user = await worlds[0].user();
    const end = Date.now() + 10_000;
    while ((await new Guesser(worlds[1], client).guess(user.email, password, '198.51.100.250')).status !== 200)
      assert.ok(Date.now() < end, 'the second process does not know the client');
  });
  after(async () => {
    redis?.kill('SIGKILL');
    for (const world of worlds ?? []) await world.server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const redisIsKnownToBeAway = async world => {
    const end = Date.now() + 10_000;
    while (!/redis/.test(await (await fetch(world.url('/readyz'))).text())) assert.ok(Date.now() < end, 'Redis is missed by nobody');
  };

  it('verify ten wrong passwords of an account together, however many come at once', async () => {
    const user = await worlds[0].user();
    const answers = await inParallel(Array.from({ length: 100 }, (_, i) => i), 100, i => guesser.guess(user.email, `w${i}`, `198.51.101.${1 + (i % 2)}`));
    for (const parity of [0, 1]) {
      const wrong = answers.filter((a, i) => i % 2 === parity && a.status === 403).length;
      assert.ok(wrong <= 10, `${wrong} wrong passwords were verified`);
    }
    const verified = (await logged(worlds[0], 'fepft')).filter(r => r.user_name === user.email && r.details?.error === 'invalid_grant');
    assert.ok(verified.length <= 20, `${verified.length} passwords were verified`);
    for (const world of worlds) assert.equal((await new Guesser(world, client).guess(user.email, password, '198.51.101.1')).status, 429);
  });

  it('keep what is blocked while Redis is away, and go on counting, each alone', async () => {
    const user = await worlds[0].user(), another = await worlds[0].user();
    for (let i = 0; i < 10; ++i) await guesser.guess(user.email, 'wrong', '198.51.102.1');
    redis.kill('SIGKILL');
    for (const world of worlds) await redisIsKnownToBeAway(world);
    for (const world of worlds) {
      const alone = new Guesser(world, client);
      assert.equal((await alone.guess(user.email, password, '198.51.102.1')).code, 'too_many_attempts');
      assert.equal((await alone.guess(user.email, password, '198.51.102.2')).status, 200);
    }
    const answers = await inParallel(Array.from({ length: 60 }, (_, i) => i), 60, i => guesser.guess(another.email, `w${i}`, '198.51.102.3'));
    const wrong = answers.filter(a => a.status === 403).length;
    assert.ok(wrong >= 9 && wrong <= 20, `${wrong} wrong passwords were verified`);
    assert.ok(answers.every(a => [403, 429].includes(a.status)));
    for (const world of worlds) assert.equal((await new Guesser(world, client).guess(another.email, password, '198.51.102.3')).status, 429);
  });
});
