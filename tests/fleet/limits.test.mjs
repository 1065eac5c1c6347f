// Limits of two server processes on one Redis: how far what they let through is from what was configured, what happens when
// Redis is killed in the middle, and that it is as before once it is back.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Redis } from '../support/redis.mjs';
import { startProcess, trust } from '../support/server.mjs';

const key = 'k'.repeat(40);

describe('limits of two processes on one Redis', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'durward-limits-'));
  const agent = new http.Agent({ keepAlive: true });
  let redis, servers, tenant, operator;
  before(async () => {
    redis = await new Redis().start();
    const args = ['--data', data, '--bcrypt-cost', '4', '--redis', redis.url, '--plain-http', '--trusted-proxies', '127.0.0.1',
      '--operator-listen', '127.0.0.1:0', '--operator-key', key];
    const first = await startProcess({ args });
    servers = [first, await startProcess({ seeds: [], args })];
    tenant = first.tenant();
    operator = first.ready.operator_url;
    trust(readFileSync(path.join(data, 'ca.pem'), 'utf8')); // of the operator's listener; the rest is plain
    await away(false);
  });
  after(async () => {
    agent.destroy();
    await Promise.all((servers ?? []).map(server => server.stop()));
    await redis?.kill();
    rmSync(data, { recursive: true, force: true });
  });

  // Until both processes know that Redis is away, or there.
  const away = async expected => {
    for (const end = Date.now() + 20_000; ; ) {
      const states = await Promise.all(servers.map(async ({ base }) =>
        ((await (await fetch(`${base}/readyz`)).json()).degraded ?? []).some(one => one.away === 'redis')));
      if (states.every(state => state === expected)) return;
      assert.ok(Date.now() < end, `redis away: ${states}`);
    }
  };
  const ask = (server, method, where, headers = {}) => new Promise((resolve, reject) => {
    const request = http.request(server.base + where, { method, agent, headers: { host: 'acme.localhost', ...headers } }, response => {
      response.resume();
      response.once('end', () => resolve(response));
    });
    request.once('error', reject);
    request.end();
  });
  async function grant(...limits) {
    const response = await fetch(`${operator}/operator/v1/tenants/${tenant.name}/entitlements`, { method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ rate_profile: 'unlimited', rate_limits: limits }) });
    assert.equal(response.status, 200, await response.text());
    for (const server of servers) await ask(server, 'GET', '/.well-known/openid-configuration', { 'cache-control': 'no-cache' });
  }
  // How many pass in `seconds` when both processes get more than they may let through.
  async function flood(what, seconds, on = servers) {
    const begin = performance.now(), end = begin + seconds * 1000;
    let passed = 0, refused = 0;
    await Promise.all(on.flatMap(server => Array.from({ length: 4 }, async () => {
      while (performance.now() < end) {
        const { statusCode } = await what(server);
        if (statusCode === 429) ++refused; else ++passed;
        assert.ok(statusCode < 500, String(statusCode));
      }
    })));
    return { passed, refused, seconds: (performance.now() - begin) / 1000 };
  }
  const keys = server => ask(server, 'GET', '/.well-known/jwks.json');
  let address = 0;
  const signUps = () => { const at = `198.51.100.${++address}`; return server => ask(server, 'POST', '/dbconnections/signup', { 'x-forwarded-for': at }); };
  const coarse = { class: 'well_known', scope: 'tenant', units: 100, seconds: 1, burst: 100 };
  const exact = { class: 'signup', scope: 'ip', units: 50, seconds: 1, burst: 50 };
  const expected = ({ units, burst }, seconds) => burst + units * seconds;

  it('a coarse limit holds for both together within a few in a hundred', async t => {
    await grant(coarse);
    const { passed, refused, seconds } = await flood(keys, 4);
    const error = passed / expected(coarse, seconds) - 1;
    t.diagnostic(`coarse: ${passed} passed in ${seconds.toFixed(2)} s, ${expected(coarse, seconds).toFixed(0)} configured, error ${(error * 100).toFixed(2)} %, ${refused} refused`);
    assert.ok(refused > passed, 'it was more than a flood');
    assert.ok(Math.abs(error) < 0.05, `${passed} in ${seconds} s`);
  });

  it('an exact limit is never exceeded', async t => {
    await grant(exact);
    const { passed, refused, seconds } = await flood(signUps(), 4);
    const most = expected(exact, seconds);
    t.diagnostic(`exact: ${passed} passed in ${seconds.toFixed(2)} s, ${most.toFixed(0)} configured, error ${((passed / most - 1) * 100).toFixed(2)} %, ${refused} refused`);
    assert.ok(refused > passed);
    assert.ok(passed <= Math.ceil(most), `${passed} of ${most}`);
    assert.ok(passed > most * 0.95, `${passed} of ${most}`);
  });

  it('an empty bucket stays empty while Redis is killed and comes back without its memory', async t => {
    await grant({ class: 'signup', scope: 'ip', units: 1, seconds: 600, burst: 10 });
    const signUp = signUps();
    let passed = 0;
    for (let i = 0; i < 20; ++i) passed += (await signUp(servers[i % 2])).statusCode !== 429;
    assert.equal(passed, 10);
    await redis.kill();
    await away(true);
    for (const server of servers) assert.equal((await signUp(server)).statusCode, 429, 'each knows it');
    const fresh = signUps();
    const alone = [0, 0];
    for (const [i, server] of servers.entries()) for (let n = 0; n < 15; ++n) alone[i] += (await fresh(server)).statusCode !== 429;
    t.diagnostic(`Redis away: ${alone.join(' and ')} of 10 passed`);
    assert.deepEqual(alone, [10, 10], 'each process counts alone');
    await redis.start();
    await away(false);
    for (const what of [signUp, fresh])
      for (const server of servers) assert.equal((await what(server)).statusCode, 429, 'Redis was told');
  });

  it('a kill in the middle of a flood costs at most one bucket more a process, and no error', async t => {
    await grant(coarse);
    const seconds = 6, run = flood(keys, seconds);
    await new Promise(resolve => setTimeout(resolve, 2000));
    await redis.kill();
    await new Promise(resolve => setTimeout(resolve, 2000));
    await redis.start();
    const result = await run;
    await away(false);
    const one = expected(coarse, result.seconds), two = 2 * one;
    t.diagnostic(`killed for 2 of ${result.seconds.toFixed(2)} s: ${result.passed} passed; one bucket allows ${one.toFixed(0)}, two ${two.toFixed(0)}`);
    assert.ok(result.passed >= one * 0.6 && result.passed <= two, `${result.passed}`);
    await new Promise(resolve => setTimeout(resolve, 2500));
    const afterwards = await flood(keys, 3);
    const error = afterwards.passed / expected(coarse, afterwards.seconds) - 1;
    t.diagnostic(`afterwards: error ${(error * 100).toFixed(2)} %`);
    assert.ok(Math.abs(error) < 0.05, `${error}`);
  });
});
