// ./do bench tenants [--count N] [--width N] [--store sqlite|postgres] [--on DIR [--url URL]] [--json]: many tenants made through the operator's API, what
// they cost while nobody uses them, and what the first visitor of one waits. The store is durable: a file, or a PostgreSQL server
// of the run's own that flushes; or what an earlier run left in DIR (and at URL), which then stays. Tenants are asked in plain HTTP, the operator's API over TLS, as always.
import { execFileSync } from 'node:child_process';
import https from 'node:https';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newDatabase } from '../support/postgres.mjs';
import { binary, startProcess, trust } from '../support/server.mjs';
import { login } from './driver.mjs';
import { Connection, cpuSeconds, median, percentile, residentMiB } from './support.mjs';

const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
const json = 'Content-Type: application/json\r\n';
const callback = 'https://app.acme.example/callback', password = 'Correct-Horse-7';
const nameOf = i => `t${String(i).padStart(7, '0')}`;
const since = at => Number(process.hrtime.bigint() - at) / 1e6;
const round = (n, digits = 1) => Number(n.toFixed(digits));

// The process under measurement, its store, and the ways to ask it.
class Stage {
  constructor(store, on, url) {
    this.store = store;
    this.data = on ?? mkdtempSync(path.join(tmpdir(), 'durward-tenants-'));
    this.url = url;
  }
  async open() {
    this.url ??= this.store === 'postgres' ? await newDatabase({ durable: true }) : `sqlite:${this.data}/durward.db`;
    const at = process.hrtime.bigint();
    this.server = await startProcess({ seeds: [], env: { DURWARD_LOG_LEVEL: 'warning', DURWARD_ACCESS_LOG: 'false' },
      args: ['--data', this.data, '--store', this.url, '--plain-http', '--operator-listen', '127.0.0.1:0', '--bcrypt-cost', '4'] });
    this.readyMs = since(at);
    this.pid = this.server.child.pid;
    this.port = Number(new URL(this.server.base).port);
    this.operator = new URL(this.server.ready.operator_url);
    if (!this.key) trust(readFileSync(path.join(this.data, 'ca.pem'), 'utf8'));
    this.key ??= readFileSync(path.join(this.data, 'operator.key'), 'utf8').trim();
  }
  close() { return this.server.stop(); }
  remove() { rmSync(this.data, { recursive: true, force: true }); }
  host(name) { return `${name}.localhost:${this.port}`; }
  async connection() {
    const connection = new Connection(this.port);
    await connection.open();
    return connection;
  }
  async metrics() {
    const text = await (await fetch(`${this.server.base}/metrics`)).text();
    const sum = name => [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0);
    return { reads: sum('durward_store_reads_total'), loads: sum('durward_configuration_loads_total'), values: sum('durward_configuration_values') };
  }
  storeMiB() {
    if (this.store === 'postgres')
      return Number(execFileSync('psql', ['-At', this.url, '-c', 'SELECT pg_database_size(current_database())'])) / 2 ** 20;
    return ['', '-wal'].map(end => { try { return statSync(`${this.data}/durward.db${end}`).size; } catch { return 0; } })
      .reduce((a, b) => a + b) / 2 ** 20;
  }
}

function createTenant(stage, agent, name) {
  const body = JSON.stringify({ name });
  return new Promise((resolve, reject) => {
    const request = https.request({ agent, host: stage.operator.hostname, port: stage.operator.port, method: 'POST', path: '/operator/v1/tenants',
      headers: { authorization: `Bearer ${stage.key}`, 'content-type': 'application/json', 'content-length': body.length } }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', data => { text += data; });
      response.on('end', () => (response.statusCode === 201 ? resolve(JSON.parse(text)) : reject(new Error(`${response.statusCode} ${text}`))));
    });
    request.once('error', reject);
    request.end(body);
  });
}

// Who does `work(i)` for all i below n, `width` at once.
async function spread(n, width, work) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async (_, lane) => { while (next < n) await work(next++, lane); }));
}

async function create(stage, count, width, report) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: width });
  const took = [], kept = new Map(), at = process.hrtime.bigint(), cpu = cpuSeconds(stage.pid);
  await spread(count, width, async i => {
    const begun = process.hrtime.bigint();
    const made = await createTenant(stage, agent, nameOf(i));
    took.push(since(begun));
    if (i < 2000 || i % 97 === 0) kept.set(i, made);
    if (took.length % 10_000 === 0) console.error(`${took.length} tenants after ${round(since(at) / 1000)} s`);
  });
  const seconds = since(at) / 1000;
  agent.destroy();
  report('create_tenant_ms', percentile(took, 0.5), 'ms', { p99_ms: round(percentile(took, 0.99)), width });
  report('create_tenant_cpu_ms', (cpuSeconds(stage.pid) - cpu) * 1000 / count, 'ms');
  report('create_rate', count / seconds, 'tenants/s', { seconds: round(seconds) });
  report('memory_after_creating', residentMiB(stage.pid), 'MiB');
  return kept;
}

async function api(stage, connection, tenant, method, where, body) {
  const token = await managementToken(stage, connection, tenant);
  const answer = await connection.request(method, `/api/v2${where}`, stage.host(tenant.name),
    { headers: `${json}Authorization: Bearer ${token}\r\n`, body: body && JSON.stringify(body) });
  if (answer.status >= 300) throw new Error(`${method} ${where}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}
async function managementToken(stage, connection, tenant) {
  const host = stage.host(tenant.name);
  const answer = await connection.request('POST', '/oauth/token', host, { headers: form, body: new URLSearchParams({
    grant_type: 'client_credentials', client_id: tenant.client_id, client_secret: tenant.client_secret, audience: `https://${host}/api/v2/` }).toString() });
  if (answer.status !== 200) throw new Error(`token of ${tenant.name}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body).access_token;
}

// A tenant that somebody can sign in to.
async function furnish(stage, connection, tenant) {
  const call = (...words) => api(stage, connection, tenant, ...words);
  const client = await call('POST', '/clients', { name: 'web', app_type: 'regular_web', callbacks: [callback],
    grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_post' });
  const [database] = await call('GET', '/connections');
  await call('PATCH', `/connections/${database.id}`, { enabled_clients: [...database.enabled_clients, client.client_id] });
  await call('POST', '/users', { connection: database.name, email: 'a@bench.example', password, email_verified: true });
  return { ...tenant, web: client };
}
const signIn = (stage, connection, tenant) => login(connection, { host: stage.host(tenant.name), origin: `https://${stage.host(tenant.name)}`,
  client_id: tenant.web.client_id, client_secret: tenant.web.client_secret, authorizePath: '/authorize', tokenPath: '/oauth/token',
  username: 'a@bench.example', password, scope: 'openid profile email' }, { refresh: false, userinfo: false });
const authorize = (stage, connection, tenant) => connection.request('GET', `/authorize?${new URLSearchParams({ client_id: tenant.client_id,
  response_type: 'code', redirect_uri: callback, scope: 'openid', state: 'x' })}`, stage.host(tenant.name));

async function timed(list, work) {
  const took = [];
  for (const item of list) {
    const at = process.hrtime.bigint();
    await work(item);
    took.push(since(at));
  }
  return { p50: median(took), p99: percentile(took, 0.99) };
}

// Unknown hosts and clients, asked again and again, are not looked up again and again.
async function absences(stage, connection, tenant, report) {
  for (const [name, work] of [
    ['unknown_host_reads', () => connection.request('GET', '/.well-known/jwks.json', stage.host('nobody'))],
    ['unknown_client_reads', () => authorize(stage, connection, { ...tenant, client_id: 'nobody' })],
  ]) {
    const before = await stage.metrics(), at = process.hrtime.bigint();
    for (let i = 0; i < 1000; ++i) await work();
    const seconds = since(at) / 1000;
    report(name, (await stage.metrics()).reads - before.reads, 'reads', { requests: 1000, seconds: round(seconds, 2) });
  }
}

// Two hundred at once on a tenant that nobody asked before read what one does.
async function stampede(stage, connection, tenants, report) {
  const before = await stage.metrics();
  await authorize(stage, connection, tenants[0]);
  const alone = await stage.metrics();
  const crowd = await Promise.all(Array.from({ length: 200 }, () => stage.connection()));
  const ready = await stage.metrics();
  await Promise.all(crowd.map(one => authorize(stage, one, tenants[1])));
  const after = await stage.metrics();
  report('loads_of_one', alone.loads - before.loads, 'loads', { reads: alone.reads - before.reads });
  report('loads_of_200_at_once', after.loads - ready.loads, 'loads', { reads: after.reads - ready.reads });
  const sets = await Promise.all(crowd.map(one => one.request('GET', '/.well-known/jwks.json', stage.host(tenants[2].name))));
  report('key_sets_of_200_at_once', new Set(sets.map(s => s.body)).size, 'sets', { statuses: [...new Set(sets.map(s => s.status))].join() });
  crowd.forEach(one => one.close());
}

// The cache is bounded, so memory stops growing however many tenants have visitors.
async function touchAll(stage, count, kept, report) {
  const lanes = await Promise.all(Array.from({ length: 8 }, () => stage.connection()));
  let from = 0;
  for (const to of [1000, 10_000, 20_000, 50_000, 100_000].filter(n => n <= count)) {
    await spread(to - from, lanes.length, async (i, lane) => {
      const name = nameOf(from + i);
      const answer = await authorize(stage, lanes[lane], kept.get(from + i) ?? { name, client_id: 'nobody' });
      if (answer.status >= 500) throw new Error(`${name}: ${answer.status} ${answer.body}`);
    });
    from = to;
    report(`memory_${to}_tenants_asked`, residentMiB(stage.pid), 'MiB', { values: (await stage.metrics()).values });
  }
  lanes.forEach(one => one.close());
}

// Tenants of an earlier run. Their secrets were told once; who works on the store itself may ask again.
function found(stage, count) {
  const wanted = [...Array(Math.min(count, 24)).keys(), ...Array.from({ length: 20 }, (_, i) => count - 1 - i)];
  return new Map(wanted.filter(i => i >= 0).map(i => [i, JSON.parse(execFileSync(binary,
    ['tenant', 'show', nameOf(i), '--json', '--data', stage.data, '--store', stage.url], { encoding: 'utf8' }))]));
}

export async function tenants({ count, width, store, on, url, report: tell }) {
  const report = (name, value, unit, more) => tell(name, value, unit, `${store}, ${count} tenants`, null, more);
  const stage = new Stage(store, on, url);
  try {
    await stage.open();
    const kept = on ? found(stage, count) : await create(stage, count, width, report);
    const all = [...kept.values()], furnished = [];
    let connection = await stage.connection();
    const few = all.slice(-20);
    const first = await timed(few, tenant => managementToken(stage, connection, tenant));
    report('first_token_with_key_ms', first.p50, 'ms', { p99_ms: round(first.p99) });
    for (const tenant of few) furnished.push(await furnish(stage, connection, tenant));
    connection.close();
    await stage.close();
    report('store_mib', stage.storeMiB(), 'MiB', { kib_each: round(stage.storeMiB() * 1024 / count) });

    await stage.open();
    report('ready_ms', stage.readyMs, 'ms');
    report('idle_mib', residentMiB(stage.pid), 'MiB', { owed: 400 });
    connection = await stage.connection();
    const cold = await timed(furnished, tenant => signIn(stage, connection, tenant));
    const warm = await timed(furnished, tenant => signIn(stage, connection, tenant));
    report('cold_login_ms', cold.p50, 'ms', { p99_ms: round(cold.p99), warm_ms: round(warm.p50) });
    await absences(stage, connection, all[0], report);
    await stampede(stage, connection, all.slice(1, 4), report);
    connection.close();
    await use(stage, all, report);
    await touchAll(stage, count, kept, report);
  } finally {
    await stage.server?.stop();
    if (!on) stage.remove();
  }
}

// What a thousand tenants in use take: each with a key set, a client, its grant and its API.
async function use(stage, all, report) {
  const lanes = await Promise.all(Array.from({ length: 4 }, () => stage.connection()));
  const n = Math.min(1000, all.length);
  report('memory_before_use', residentMiB(stage.pid), 'MiB', { values: (await stage.metrics()).values });
  await spread(n, lanes.length, (i, lane) => managementToken(stage, lanes[lane], all[i]));
  lanes.forEach(one => one.close());
  report(`memory_${n}_tenants_used`, residentMiB(stage.pid), 'MiB', { values: (await stage.metrics()).values });
}
