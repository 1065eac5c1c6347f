// Passwords and everything beside them: whole logins with bcrypt, the password step near capacity, other endpoints while the queue is
// full, what a thread does with 1, 2 and all lanes, and the hashing tier with one and two processes.
import { execFile, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProcess } from '../support/server.mjs';
import { login, openPage, sendPassword } from './driver.mjs';
import { Connection, cpuSeconds, load, median, percentile } from './support.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const round = (n, digits = 2) => Number(n.toFixed(digits));
const busyness = () => ({ load: round(loadavg()[0], 1) }); // of the machine, so that a figure can be judged

// Every thread of the process, those to come too, on these processors.
const pin = (pid, list) => execFileSync('taskset', ['-acp', String(list), String(pid)], { stdio: 'ignore' });
// Seconds of processor of the threads of a process whose name fits.
function threadSeconds(pid, fits) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const name = readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim();
    return fits(name) ? sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9 : sum;
  }, 0);
}
const isHasher = name => name === 'hasher';

// The form and the password, as fast as `width` people do it.
async function passwords(server, { width, seconds }) {
  const end = performance.now() + seconds * 1000, latencies = [];
  const begin = performance.now();
  await Promise.all(Array.from({ length: width }, async (_, n) => {
    const connection = new Connection(server.port);
    await connection.open();
    for (let i = n; performance.now() < end; i += width) {
      const visit = await openPage(connection, server.target(i)), at = performance.now();
      const answer = await sendPassword(connection, visit);
      if (answer.status !== 302) throw new Error(`password: ${answer.status} ${answer.body.slice(0, 300)}`);
      latencies.push(performance.now() - at);
    }
    connection.close();
  }));
  return { count: latencies.length, rate: latencies.length / ((performance.now() - begin) / 1000), p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99) };
}

// Passwords that arrive at random moments whether or not those before are answered; each waits from the moment it was due.
async function arrivals(server, { rate, seconds }) {
  const free = [], visits = [], records = [];
  const connected = async () => { const c = new Connection(server.port); await c.open(); return c; };
  const end = performance.now() + seconds * 1000;
  let at = performance.now(), made = 0, stopped = false;
  const filling = Promise.all(Array.from({ length: 4 }, async () => {
    const connection = await connected();
    while (!stopped) if (visits.length < 40) visits.push(await openPage(connection, server.target(made++))); else await pause(5);
    connection.close();
  }));
  const one = async due => {
    const connection = free.pop() ?? await connected();
    const answer = await sendPassword(connection, visits.shift());
    records.push({ status: answer.status, ms: performance.now() - due });
    free.push(connection);
  };
  while (visits.length < 20) await pause(5);
  const under = [];
  for (at = performance.now(); at < end;) {
    at += -Math.log(1 - Math.random()) * 1000 / rate;
    if (at > performance.now()) await pause(at - performance.now());
    while (!visits.length) await pause(1);
    under.push(one(at));
  }
  await Promise.all(under);
  stopped = true;
  await filling;
  free.forEach(c => c.close());
  const ms = records.filter(r => r.status === 302).map(r => r.ms);
  return { sent: records.length, refused: records.length - ms.length, p50: percentile(ms, 0.5), p99: percentile(ms, 0.99) };
}

// ---- whole logins, on one core

export async function loginsWithBcrypt({ startDurward, startPeer, compare, report, long }) {
  const durward = await startDurward({ args: ['--hash-threads', '1'] });
  const peer = await startPeer({ BCRYPT_COST: '10' });
  for (const { pid } of [durward, peer]) pin(pid, 0);
  const whole = (server, n) => () => load({ pid: server.pid, port: server.port, width: 12, n,
    work: (c, i) => login(c, server.target(i), { refresh: false, userinfo: false }) });
  const [ours, theirs] = await compare([whole(durward, long ? 400 : 150), whole(peer, long ? 100 : 40)]);
  const perCore = figure => 1e6 / figure.cpuMicros;
  report('login_bcrypt10', perCore(ours), 'logins/s/core', 'oidc-provider', perCore(ours) / perCore(theirs),
    { against_value: round(perCore(theirs)), p50_ms: round(ours.p50), p99_ms: round(ours.p99), logins_per_second: round(ours.rate), ...busyness() });
  await peer.stop();
  await durward.server.stop();
}

// ---- the password step at four fifths of what the hashes can

export async function passwordStep({ startDurward, report, long }) {
  const durward = await startDurward({ args: [] });
  await passwords(durward, { width: 8, seconds: 1 });
  const full = await passwords(durward, { width: 6 * cpus().length * 2, seconds: long ? 12 : 6 });
  const { sent, refused, p50, p99 } = await arrivals(durward, { rate: 0.8 * full.rate, seconds: long ? 60 : 20 });
  report('password_step_80', p99, 'ms (p99)', 'owed 250', 250 / p99, { p50_ms: round(p50), p99_ms: round(p99), per_second: round(0.8 * full.rate),
    capacity: round(full.rate), sent, refused, ...busyness() });
  await durward.server.stop();
}

// ---- other endpoints while the queue is full

// Requests that are due at even moments, on a few connections.
async function probe(server, { method = 'GET', where, options = {} }, { rate, seconds }) {
  const connections = await Promise.all(Array.from({ length: 4 }, async () => { const c = new Connection(server.port); await c.open(); return c; }));
  const latencies = [], begin = performance.now();
  await Promise.all(connections.map(async (connection, n) => {
    for (let i = n; ; i += connections.length) {
      const due = begin + i * 1000 / rate;
      if (due > begin + seconds * 1000) return;
      if (due > performance.now()) await pause(due - performance.now());
      const at = performance.now();
      const answer = await connection.request(method, where, server.host, options);
      if (answer.status !== 200) throw new Error(`${where}: ${answer.status} ${answer.body.slice(0, 200)}`);
      latencies.push(performance.now() - at);
    }
  }));
  connections.forEach(c => c.close());
  return latencies;
}

// In a process of its own, so that its work is not this one's.
function startFlood(server, width) {
  const child = fork(path.join(here, 'flood.mjs'), [JSON.stringify({ port: server.port, width, target: server.target(0) })]);
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  return new Promise(resolve => child.once('message', () => resolve({ stop: () => new Promise(done => {
    process.off('exit', killed);
    child.once('exit', done);
    child.kill('SIGTERM');
  }) })));
}

export async function besideFlood({ startDurward, credentials, ordersApi, report, long }, name = 'beside_flood', args = []) {
  const durward = await startDurward({ args });
  const connection = new Connection(durward.port);
  await connection.open();
  const { access_token } = await login(connection, durward.target(0));
  connection.close();
  const probes = {
    jwks: { where: '/.well-known/jwks.json' },
    userinfo: { where: '/userinfo', options: { headers: `Authorization: Bearer ${access_token}\r\n` } },
    token: { method: 'POST', where: '/oauth/token', options: credentials(durward.machine.client_id, durward.machine.client_secret, ordersApi) },
  };
  const pace = { rate: 200, seconds: long ? 8 : 2.5 };
  const waiting = async () => Number(/^durward_hash_waiting (\d+)/m.exec(await (await fetch(`${durward.base}/metrics`)).text())[1]);
  const figures = {};
  let depth = 0;
  for (let i = -1; i < (long ? 5 : 3); ++i) {
    for (const state of ['quiet', 'flooded']) {
      const flood = state === 'flooded' ? await startFlood(durward, 200) : undefined;
      if (flood) while (await waiting() < 20) await pause(50);
      for (const [what, one] of Object.entries(probes)) {
        const latencies = await probe(durward, one, i < 0 ? { ...pace, seconds: 0.5 } : pace); // the first round warms up
        if (i >= 0) ((figures[what] ??= {})[state] ??= []).push(latencies);
      }
      if (flood) depth = await waiting();
      await flood?.stop();
      while (flood && await waiting() > 0) await pause(50);
      if (flood) await pause(500);
    }
  }
  for (const [what, states] of Object.entries(figures)) {
    const of = (state, p) => median(states[state].map(latencies => percentile(latencies, p)));
    report(`${name}_${what}`, of('flooded', 0.99), 'ms (p99)', 'the same, quiet', of('flooded', 0.99) / of('quiet', 0.99),
      { against_value: round(of('quiet', 0.99)), p50_ms: round(of('flooded', 0.5)), p99_ms: round(of('flooded', 0.99)), quiet_p50: round(of('quiet', 0.5)),
        waiting: depth, ...busyness() });
  }
  await durward.server.stop();
}

// ---- lanes of a thread

const lanePool = (build, lanes, rate, seconds, cpu = 0, flood = 0) =>
  promisify(execFile)('taskset', ['-c', String(cpu), path.join(build, 'bench_lane_pool'), ...[lanes, rate, seconds, 1, flood].map(String)])
    .then(({ stdout }) => JSON.parse(stdout));

export async function lanes({ build, report, long }) {
  const seconds = long ? 20 : 5;
  const full = await lanePool(build, 0, 0, seconds);
  report('lanes_capacity', full.rate, 'hashes/s', 'one thread, all lanes', null, { p50_ms: full.p50, p99_ms: full.p99, ...busyness() });
  for (const share of [0.3, 0.6, 0.8])
    for (const count of [1, 2, 0]) {
      const figure = await lanePool(build, count, share * full.rate, 2 * seconds);
      report(`lanes_${count || 'all'}_at_${share * 100}`, figure.mean, 'ms (mean)', '', null, { p50_ms: figure.p50, p99_ms: figure.p99, refused: figure.refused, ...busyness() });
    }
}

// What a tenant waits whose neighbour floods.
export async function fairness({ build, report, long }) {
  const seconds = long ? 60 : 15, rate = 3;
  const alone = await lanePool(build, 0, rate, seconds), beside = await lanePool(build, 0, rate, seconds, 0, 200);
  report('tenant_beside_flood', beside.p99, 'ms (p99)', 'the same, alone', beside.p99 / alone.p99, { against_value: alone.p99, p50_ms: beside.p50, p99_ms: beside.p99,
    alone_p50: alone.p50, flood_p50: beside.flood_p50, refused: beside.refused, flood_refused: beside.flood_refused, ...busyness() });
}

// ---- the tier

export async function tier({ build, startDurward, report, long }) {
  const key = 'ab'.repeat(32), seconds = long ? 20 : 8;
  const hashing = [];
  for (const cpu of [0, 1]) {
    const server = await startProcess({ ephemeral: true, seeds: [], env: { DURWARD_LOG_LEVEL: 'warning' },
      args: ['--role', 'hashing', '--hash-threads', '1', '--internal-listen', '127.0.0.1:0', '--internal-key', key] });
    pin(server.child.pid, cpu);
    hashing.push(server);
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'durward-bench-')), authorities = path.join(folder, 'ca.pem');
  writeFileSync(authorities, hashing.map(s => readFileSync(s.ready.ca_file, 'utf8')).join(''));
  const through = servers => startDurward({ args: ['--hasher', servers.map(s => s.ready.internal_url).join(','), '--internal-key', key,
    '--internal-ca', authorities] });
  const one = await through(hashing.slice(0, 1)), two = await through(hashing), local = await startDurward({ args: [] });
  // What the processors give, without a server: one thread of lanes alone, and one on each at once.
  const alone = (await lanePool(build, 0, 0, seconds, 0)).rate;
  const together = (await Promise.all([0, 1].map(cpu => lanePool(build, 0, 0, seconds, cpu)))).reduce((sum, f) => sum + f.rate, 0);
  const measure = async (authentication, servers, width) => {
    await passwords(authentication, { width, seconds: 1 });
    const pids = servers.map(s => s.child.pid);
    const sum = fits => pids.reduce((n, pid) => n + threadSeconds(pid, fits), 0);
    const before = [sum(isHasher), sum(name => !isHasher(name)), cpuSeconds(authentication.pid)];
    const figure = await passwords(authentication, { width, seconds });
    const [hashed, wire, asking] = [sum(isHasher), sum(name => !isHasher(name)), cpuSeconds(authentication.pid)].map((s, i) => s - before[i]);
    return { ...figure, cores: hashed / seconds, perCoreSecond: figure.count / hashed, wireMicros: wire * 1e6 / figure.count,
      askingMicros: asking * 1e6 / figure.count };
  };
  const first = await measure(one, hashing.slice(0, 1), 12), both = await measure(two, hashing, 24);
  const before = threadSeconds(local.pid, name => !isHasher(name));
  const here = await passwords(local, { width: 24, seconds });
  const localMicros = (threadSeconds(local.pid, name => !isHasher(name)) - before) * 1e6 / here.count;
  const detail = f => ({ p50_ms: round(f.p50), p99_ms: round(f.p99), hashing_cores: round(f.cores), per_hashing_core_second: round(f.perCoreSecond) });
  report('tier_one', first.rate, 'logins/s', 'one core of lanes', first.rate / alone, { against_value: round(alone), ...detail(first), ...busyness() });
  report('tier_two', both.rate, 'logins/s', 'two cores of lanes at once', both.rate / together, { against_value: round(together), ...detail(both), ...busyness() });
  report('tier_adds_up', both.rate / first.rate, 'times one process', 'what two cores give of one', (both.rate / first.rate) / (together / alone),
    { against_value: round(together / alone) });
  report('tier_wire', both.wireMicros + both.askingMicros - localMicros, 'us', 'CPU of one hash', (both.wireMicros + both.askingMicros - localMicros) / (1e6 / both.perCoreSecond),
    { against_value: round(1e6 / both.perCoreSecond, 0), in_hashing: round(both.wireMicros, 0), in_authentication: round(both.askingMicros - localMicros, 0) });
  for (const durward of [one, two, local]) await durward.server.stop();
  for (const server of hashing) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
