// Several processes on one PostgreSQL database: what one does the others know, and what a login costs the database.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { newDatabase, startCluster } from '../support/postgres.mjs';
import { binary, seedFile, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { callback, World } from '../support/world.mjs';

const run = promisify(execFile);

// It starts the processes that it compares, the same ones whatever is under test.
const own = embeddedOnly('starts processes of its own on PostgreSQL; runs with the other targets');

describe('two processes on one PostgreSQL database', own, () => {
  let data, store, here, there, client, user;

  before(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
    store = await newDatabase();
    const options = seeds => ({ seeds, args: ['--store', store, '--data', data] });
    const first = await startProcess(options([seedFile]));
    here = new World(first, first.tenant('acme'));
    const second = await startProcess(options([]));
    there = new World(second, second.tenant('acme'));
    [client, user] = [await here.client({ refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } }),
      await here.user()];
  });
  after(async () => {
    await Promise.all([here?.close(), there?.close()]);
    rmSync(data, { recursive: true, force: true });
  });

  const count = async (world, name) => {
    const text = await (await fetch(world.url('/metrics'))).text();
    return text.split('\n').filter(line => line.startsWith(name)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  const counts = async world => ({
    reads: await count(world, 'durward_store_reads_total'), commits: await count(world, 'durward_store_commits_total'),
    trips: await count(world, 'durward_store_round_trips_total'),
  });

  it('keeps a login with its code exchange within five reads and three commits, one round trip each', async () => {
    // The next signing key is made behind the start and makes what was cached old.
    while (!(await here.api('GET', '/keys/signing')).body.some(signing => signing.next && signing.kty === 'RSA')) ;
    await here.exchange(client, (await here.signIn(client, user)).code); // fills the caches
    // A new tenant's further keys are stored when they are made, which empties the caches once more: the cheapest of a few counts.
    const costs = [];
    for (let i = 0; i < 5; ++i) {
      const before = await counts(here);
      const { status } = await here.exchange(client, (await here.signIn(client, user)).code);
      assert.equal(status, 200);
      const after = await counts(here);
      costs.push(['reads', 'commits', 'trips'].map(k => after[k] - before[k]));
    }
    const [reads, commits, trips] = costs.sort(([a], [b]) => a - b)[0];
    console.log(`a login with its code exchange on PostgreSQL: ${reads} reads, ${commits} commits, ${trips} round trips`);
    // The version of the tenant's configuration is compared once a second, besides.
    assert.ok(reads <= 5 + 2, `${reads} reads`);
    assert.ok(commits <= 3, `${commits} commits`);
    assert.ok(trips <= reads + commits + 1, `${trips} round trips`); // and perhaps a look for mail jobs
  });

  it('redeems at one a code that the other issued, once', async () => {
    const { code } = await here.signIn(client, user);
    assert.equal((await there.exchange(client, code)).status, 200);
    const again = await here.exchange(client, code);
    assert.deepEqual([again.status, again.body.error], [403, 'invalid_grant']);
  });

  it('refuses at one the tokens of a user who was removed at the other, at once', async () => {
    const { code } = await here.signIn(client, user, { scope: 'openid offline_access' });
    const { body } = await there.exchange(client, code);
    const refresh = world => world.token({ grant_type: 'refresh_token', client_id: client.client_id,
      client_secret: client.client_secret, refresh_token: body.refresh_token });
    assert.equal((await here.api('DELETE', `/users/${encodeURIComponent(user.user_id)}`)).status, 204);
    assert.equal((await refresh(there)).body.error, 'invalid_grant');
    user = await here.user();
  });

  it('refuses at one a session that was revoked at the other, at once', async () => {
    const { browser } = await here.signIn(client, user);
    browser.cookies.set(new URL(there.origin).host, new Map(browser.cookies.get(new URL(here.origin).host)));
    const silent = async () => (await browser.open(there.authorizeUrl(client, { prompt: 'none' }))).callback;
    assert.ok((await silent()).code, 'the session counts at both');
    const { body } = await here.api('GET', `/users/${encodeURIComponent(user.user_id)}/sessions`);
    for (const session of body.sessions) assert.equal((await here.api('DELETE', `/sessions/${session.id}`)).status, 202);
    assert.equal((await silent()).error, 'login_required');
  });

  it('finds at one an API that it looked for before the other made it', async () => {
    const audience = 'urn:made-later';
    const known = async () => {
      const response = await fetch(there.authorizeUrl(client, { audience }), { redirect: 'manual' });
      return !response.headers.get('location').includes('error=');
    };
    assert.equal(await known(), false);
    const before = await counts(there);
    for (let i = 0; i < 20; ++i) assert.equal(await known(), false);
    const reads = (await counts(there)).reads - before.reads;
    assert.ok(reads <= 5, `${reads} reads for twenty requests with an API that is none`); // versions, once a second
    assert.equal((await here.api('POST', '/resource-servers', { identifier: audience, name: 'later' })).status, 201);
    const begin = performance.now();
    while (!(await known())) assert.ok(performance.now() - begin < 5000, 'never found');
  });

  it('knows at one what was configured at the other, by notification', async () => {
    const knows = async uri => {
      const response = await fetch(there.authorizeUrl(client, { redirect_uri: uri }), { redirect: 'manual' });
      return response.status === 302 && !response.headers.get('location').includes('error');
    };
    assert.ok(await knows(callback));
    const took = [];
    for (let i = 0; i < 10; ++i) {
      const uri = `https://app.acme.example/new${i}`;
      assert.equal(await knows(uri), false);
      await here.api('PATCH', `/clients/${client.client_id}`, { callbacks: [callback, uri] });
      const begin = performance.now();
      while (!(await knows(uri))) assert.ok(performance.now() - begin < 5000, 'never known');
      took.push(performance.now() - begin);
    }
    took.sort((a, b) => a - b);
    console.log(`a change is known elsewhere after ${took[0].toFixed(1)} to ${took.at(-1).toFixed(1)} ms, one request included`);
    // The version poll alone would take half a second on average.
    assert.ok(took[5] < 300, `half of the changes took longer than ${took[5]} ms`);
  });

  it('is what the commands work on', async () => {
    const command = async words => JSON.parse((await run(binary, [...words, '--json', '--store', store, '--data', data])).stdout);
    const plan = await command(['migrate', '--plan']);
    assert.ok(plan.length > 0 && plan.every(step => step.applied));
    assert.deepEqual((await command(['tenant', 'list'])).map(t => t.name), ['acme']);
    const checks = await command(['doctor', '--listen', '127.0.0.1:0']);
    assert.ok(checks.every(check => check.ok), JSON.stringify(checks));
    const { found } = checks.find(check => check.check === 'store');
    assert.ok(found.startsWith('postgres://durward@127.0.0.1:'), found);
  });

  it('is unreachable, not a crash, where there is no server', async () => {
    const failed = await run(binary, ['tenant', 'list', '--store', 'postgres://durward@127.0.0.1:1/none', '--data', data])
      .then(() => null, error => error);
    assert.equal(failed?.code, 7);
  });
});

describe('tenants of two processes on one PostgreSQL database', own, () => {
  it('are known and gone at one as soon as the other made or deleted them', async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
    const args = ['--store', await newDatabase(), '--data', data];
    const here = await startProcess({ seeds: [], args: [...args, '--operator-listen', '127.0.0.1:0'] });
    const there = await startProcess({ seeds: [], args });
    const bearer = readFileSync(path.join(data, 'operator.key'), 'utf8').trim();
    const operator = async (method, rest, body) => {
      const response = await fetch(`${here.ready.operator_url}/operator/v1/tenants${rest}`, { method, body: body && JSON.stringify(body),
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' } });
      assert.ok(response.ok, `${method} ${rest}: ${response.status}`);
    };
    const answer = async name => (await fetch(`https://${name}.localhost:${new URL(there.base).port}/.well-known/openid-configuration`)).status;
    const until = async (name, status) => {
      const begin = performance.now();
      while ((await answer(name)) !== status) assert.ok(performance.now() - begin < 5000, `${name} is not ${status}`);
      return performance.now() - begin;
    };
    try {
      await operator('POST', '', { name: 'steady' }); // so that there is never an only tenant, who has every host
      await operator('POST', '', { name: 'steady-too' });
      const made = [], gone = [];
      for (let i = 0; i < 10; ++i) {
        assert.equal(await answer(`t${i}`), 404);
        await operator('POST', '', { name: `t${i}` });
        made.push(await until(`t${i}`, 200));
        await operator('DELETE', `/t${i}`);
        gone.push(await until(`t${i}`, 404));
      }
      const most = list => Math.max(...list).toFixed(1), middle = list => list.sort((a, b) => a - b)[5];
      console.log(`a tenant is known elsewhere after ${middle(made).toFixed(1)} ms (most: ${most(made)}), gone after ${middle(gone).toFixed(1)} ms (most: ${most(gone)})`);
      assert.ok(middle(made) < 300 && middle(gone) < 300);
    } finally {
      await Promise.all([here.stop(), there.stop()]);
      rmSync(data, { recursive: true, force: true });
    }
  });
});

describe('an installation that moves to PostgreSQL', own, () => {
  it('keeps its clients, users and refresh tokens', async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
    const file = `sqlite:${data}/durward.db`;
    const copy = to => run(binary, ['store', 'copy', file, to, '--json', '--data', data]);
    try {
      let world = new World(await startProcess({ args: ['--store', file, '--data', data] }));
      const client = await world.client({ refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } });
      const user = await world.user();
      const { body } = await world.exchange(client, (await world.signIn(client, user, { scope: 'openid offline_access' })).code);
      await world.close();

      const store = await newDatabase();
      const tables = JSON.parse((await copy(store)).stdout);
      assert.ok(tables.every(t => t.verified), JSON.stringify(tables));
      assert.ok(tables.find(t => t.table === 'users').rows > 0);

      world = new World(await startProcess({ seeds: [], args: ['--store', store, '--data', data] }));
      const refreshed = await world.token({ grant_type: 'refresh_token', client_id: client.client_id,
        client_secret: client.client_secret, refresh_token: body.refresh_token });
      assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body));
      assert.equal((await world.exchange(client, (await world.signIn(client, user)).code)).status, 200);
      await world.close();

      const failed = await copy('postgres://durward@127.0.0.1:1/none').then(() => null, error => error);
      assert.equal(failed?.code, 7);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});

describe('processes that start at once on one database', own, () => {
  it('have node numbers of their own', async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
    const store = await newDatabase();
    const start = seeds => startProcess({ seeds, args: ['--store', store, '--data', data] });
    const servers = [await start([seedFile])];
    try {
      servers.push(...await Promise.all(Array.from({ length: 5 }, () => start([]))));
      const numbers = await Promise.all(servers.map(async server => {
        const text = await (await fetch(`${server.base}/metrics`)).text();
        return Number(/^durward_node_number (\d+)/m.exec(text)[1]);
      }));
      assert.equal(new Set(numbers).size, servers.length, numbers.join(' '));
    } finally {
      await Promise.all(servers.map(server => server.stop()));
      rmSync(data, { recursive: true, force: true });
    }
  });
});

describe('a primary with a streaming standby', own, () => {
  let cluster, name, data;
  before(async () => {
    cluster = await startCluster();
    name = new URL(await cluster.database()).pathname.slice(1);
    await cluster.standby({ sync: true });
    data = mkdtempSync(path.join(tmpdir(), 'durward-data-'));
  });
  after(async () => {
    await cluster?.stop();
    rmSync(data, { recursive: true, force: true });
  });
  const start = async (seeds, ...args) => {
    const server = await startProcess({ seeds, args: ['--data', data, ...args] });
    return new World(server, server.tenant('acme'));
  };
  const until = async (what, check) => {
    const begin = performance.now();
    while (!(await check())) assert.ok(performance.now() - begin < 30_000, `never ${what}`);
    return performance.now() - begin;
  };

  it('answers lists from the standby, and who changes something and looks sees it', async () => {
    const one = port => `postgres://durward@127.0.0.1:${port}/${name}`;
    const world = await start([seedFile], '--store', one(cluster.port), '--store-replica', one(cluster.standbyPort));
    const answered = async () => {
      const text = await (await fetch(world.url('/metrics'))).text();
      return Number(/^durward_store_stale_reads_total\{from="replica"\} (\d+)/m.exec(text)?.[1] ?? 0);
    };
    const search = async user => (await world.api('GET', `/users?q=${encodeURIComponent(`email:"${user.email}"`)}`)).body;
    try {
      let user;
      for (let i = 0; i < 10; ++i) {
        user = await world.user();
        assert.equal((await search(user)).length, 1, `user ${i}`);
      }
      await until('answered by the replica', async () => {
        assert.equal((await search(user)).length, 1);
        return (await answered()) > 0;
      });
    } finally {
      await world.close();
    }
  });

  it('is left for the standby when it is killed, and nobody who signed in has to do it again', async () => {
    const world = await start([], '--store', cluster.url(name));
    try {
      const client = await world.client({ refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } });
      const user = await world.user();
      const { body } = await world.exchange(client, (await world.signIn(client, user, { scope: 'openid offline_access' })).code);
      await cluster.kill();
      const begin = performance.now();
      const first = await world.token({ grant_type: 'refresh_token', client_id: client.client_id,
        client_secret: client.client_secret, refresh_token: body.refresh_token });
      assert.ok(first.status >= 500, `nobody takes writes, but ${first.status}`);
      assert.ok(performance.now() - begin < 10_000, 'within its deadline');
      await cluster.promote();
      let refreshed;
      const took = await until('normal', async () => {
        refreshed = await world.token({ grant_type: 'refresh_token', client_id: client.client_id,
          client_secret: client.client_secret, refresh_token: body.refresh_token });
        return refreshed.status === 200;
      });
      console.log(`${took.toFixed(0)} ms after the promotion tokens are refreshed again`);
      assert.equal((await world.exchange(client, (await world.signIn(client, user)).code)).status, 200);
    } finally {
      await world.close();
    }
  });
});
