// ./do bench [hash|hashing|extensions|tokens|login|stores|commits|start|tenants|limits|all] [--json] [--long] (tenants and limits, which `all` leaves out,
// have files of their own, and so have hashing, whose parts bcrypt, lanes, fairness, step, flood and tier can be asked for alone, and extensions with
// action, executions, pool, idle, memory and wire): figures of the built binary, each beside something measured in the
// same minute, rounds interleaved, medians. CPU is the server's own, on one I/O thread like the peer's. The table goes to stdout; with --json
// one object a line: {"name","value","unit","against","ratio"}.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startCluster } from '../support/postgres.mjs';
import { startProcess } from '../support/server.mjs';
import { login } from './driver.mjs';
import * as scripted from './extensions.mjs';
import * as hashed from './hashing.mjs';
import { Connection, familySeconds, load, median, postgresOn, residentMiB, startProgram } from './support.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const build = path.dirname(process.env.BINARY_UNDER_TEST ?? path.join(here, '../../build/dev/durward'));
const args = process.argv.slice(2);
const json = args.includes('--json'), long = args.includes('--long');
const what = args.find(a => !a.startsWith('--')) ?? 'all';
const rounds = long ? 9 : 3;
const ordersApi = 'https://orders.acme.example/';
const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
const results = [];
const option = (name, fallback) => { const at = args.indexOf(`--${name}`); return at < 0 ? fallback : args[at + 1]; };

function report(name, value, unit, against, ratio, more = {}) {
  const row = { name, value: Number(value.toFixed(3)), unit, against, ratio: ratio === null ? null : Number(ratio.toFixed(2)), ...more };
  results.push(row);
  if (json) console.log(JSON.stringify(row));
}

const fastHash = ['--insecure-fast-hash-for-benchmarks'];
// Without limits by account and address: here a few people sign in all the time from one host.
async function startDurward({ ephemeral = true, args = fastHash, profile = 'unlimited' } = {}) {
  const server = await startProcess({
    ephemeral, seeds: [path.join(here, 'bench.yaml')],
    args: ['--plain-http', '--io-threads', '1', ...(args.includes('--rate-profile') ? [] : ['--rate-profile', profile]), ...args],
    env: { DURWARD_LOG_LEVEL: 'warning' },
  });
  const tenant = server.tenant();
  const port = Number(new URL(server.base).port);
  const host = `localhost:${port}`;
  const request = async (method, where, body, token) => {
    const response = await fetch(`${server.base}${where}`, { method, headers: { 'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }) }, body: body && JSON.stringify(body) });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const config = await request('GET', '/.well-known/openid-configuration');
  const { access_token } = await request('POST', '/oauth/token', { grant_type: 'client_credentials', client_id: tenant.client_id,
    client_secret: tenant.client_secret, audience: `${config.issuer}api/v2/` });
  const api = (method, where, body) => request(method, `/api/v2${where}`, body, access_token);
  const application = (name, alg) => api('POST', '/clients', { name, app_type: 'regular_web', oidc_conformant: true,
    callbacks: ['https://app.acme.example/callback'], grant_types: ['authorization_code', 'refresh_token'],
    jwt_configuration: { alg }, token_endpoint_auth_method: 'client_secret_post',
    refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0, token_lifetime: 2592000, idle_token_lifetime: 1296000,
      infinite_token_lifetime: false, infinite_idle_token_lifetime: false } });
  const web = await application('web', 'RS256'), webHs = await application('web-hs', 'HS256');
  const machine = await api('POST', '/clients', { name: 'machine', app_type: 'non_interactive', grant_types: ['client_credentials'] });
  for (const audience of [ordersApi, 'https://orders-es.acme.example/'])
    await api('POST', '/client-grants', { client_id: machine.client_id, audience, scope: ['read:orders'] });
  for (let i = 0; i < 64; ++i)
    await api('POST', '/users', { connection: 'Username-Password-Authentication', email: `u${i}@bench.example`, password: 'Correct-Horse-7', email_verified: true });
  return { server, pid: server.child.pid, port, host, web, webHs, machine, config, base: server.base, api,
    target: (i, { client_id, client_secret } = web) => ({ host, origin: `https://${host}`, client_id, client_secret, authorizePath: '/authorize',
      tokenPath: '/oauth/token', userinfoPath: '/userinfo', username: `u${i % 64}@bench.example`, password: 'Correct-Horse-7',
      scope: 'openid profile email offline_access' }) };
}

async function startPeer(env) {
  const program = await startProgram(process.execPath, [path.join(here, 'peer.mjs')], { env });
  const host = `localhost:${program.port}`;
  const web = { client_id: 'web', client_secret: 'secret' };
  const webHs = { client_id: 'web-hs', client_secret: 'a-secret-of-32-bytes-for-hs256-ok' };
  return { ...program, host, webHs, target: (i, application = web) => ({ host, origin: `http://${host}`, ...application, authorizePath: '/auth',
    tokenPath: '/token', userinfoPath: '/me', username: `u${i % 64}@bench.example`, password: 'Correct-Horse-7',
    scope: 'openid profile email offline_access', extra: { prompt: 'consent' } }) };
}

// Interleaves the candidates so that a noisy minute hits all of them; the median round of each.
async function compare(candidates) {
  const figures = candidates.map(() => []);
  for (let round = -1; round < rounds; ++round)
    for (const [i, candidate] of candidates.entries()) {
      const figure = await candidate();
      if (round >= 0) figures[i].push(figure); // the first round warms up
    }
  return figures.map(list => Object.fromEntries(Object.keys(list[0]).map(key => [key, median(list.map(f => f[key]))])));
}
const latency = f => ({ p50_ms: Number(f.p50.toFixed(2)), p99_ms: Number(f.p99.toFixed(2)) });

function single(server, method, where, options, width = 16, n = long ? 8000 : 3000) {
  return () => load({ pid: server.pid, port: server.port, width, n, work: async connection => {
    const answer = await connection.request(method, where, server.host, options);
    if (answer.status !== 200) throw new Error(`${where}: ${answer.status} ${answer.body.slice(0, 300)}`);
  } });
}
const credentials = (id, secret, audience) => ({ headers: form, body: new URLSearchParams({ grant_type: 'client_credentials',
  client_id: id, client_secret: secret, ...(audience && { audience }) }).toString() });

async function tokens() {
  const durward = await startDurward(), peer = await startPeer();
  for (const [name, alg, audience, peerClient] of [['cc_rs256', 'RS256', ordersApi, 'machine'],
    ['cc_es256', 'ES256', 'https://orders-es.acme.example/', 'machine-es']]) {
    const raw = [];
    const [ours, theirs] = await compare([
      single(durward, 'POST', '/oauth/token', credentials(durward.machine.client_id, durward.machine.client_secret, audience)),
      single(peer, 'POST', '/token', credentials(peerClient, 'secret'), 16, 800),
      async () => {
        const cpuMicros = Number(execFileSync(path.join(build, 'bench_raw_sign'), [alg, '0.5']));
        raw.push(cpuMicros);
        return { cpuMicros, rate: 1e6 / cpuMicros, p50: 0, p99: 0 };
      },
    ]);
    const signing = median(raw);
    report(name, ours.cpuMicros, 'us', 'EVP_DigestSign', signing / ours.cpuMicros, { against_value: Number(signing.toFixed(1)), ...latency(ours) });
    report(`${name}_peer`, ours.cpuMicros, 'us', 'oidc-provider', theirs.cpuMicros / ours.cpuMicros, { against_value: Number(theirs.cpuMicros.toFixed(1)) });
  }

  const bearer = {};
  for (const [name, server] of [['ours', durward], ['theirs', peer]]) {
    const connection = new Connection(server.port);
    await connection.open();
    bearer[name] = (await login(connection, server.target(0))).access_token;
    connection.close();
  }
  const [ui, peerUi] = await compare([
    single(durward, 'GET', '/userinfo', { headers: `Authorization: Bearer ${bearer.ours}\r\n` }),
    single(peer, 'GET', '/me', { headers: `Authorization: Bearer ${bearer.theirs}\r\n` }, 16, 800),
  ].map((f, i) => (i === 1 ? async () => f().catch(() => ({ cpuMicros: NaN, rate: 0, p50: 0, p99: 0 })) : f)));
  report('userinfo', ui.cpuMicros, 'us', 'oidc-provider', peerUi.cpuMicros / ui.cpuMicros, { against_value: Number(peerUi.cpuMicros.toFixed(1)), ...latency(ui) });

  for (const [name, where] of [['jwks', '/.well-known/jwks.json'], ['discovery', '/.well-known/openid-configuration']]) {
    const size = (await (await fetch(durward.base + where)).text()).length;
    const bare = await startProgram(path.join(build, 'bench_responder'), [String(size)]);
    const bareServer = { ...bare, host: 'localhost' };
    const [ours, theirs] = await compare([single(durward, 'GET', where, {}, 16, 12000), single(bareServer, 'GET', where, {}, 16, 12000)]);
    report(name, ours.cpuMicros, 'us', 'bare epoll responder', theirs.cpuMicros / ours.cpuMicros, { against_value: Number(theirs.cpuMicros.toFixed(1)), ...latency(ours) });
    await bare.stop();
  }
  await peer.stop();
  await durward.server.stop();
}

function counters(text) {
  const sum = name => [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0);
  return { reads: sum('durward_store_reads_total'), commits: sum('durward_store_commits_total'),
    trips: sum('durward_store_round_trips_total'), flushes: sum('durward_store_flushes_total') };
}
const countersOf = async durward => counters(await (await fetch(`${durward.base}/metrics`)).text());

// Both sign an ID token at the exchange and one at the refresh; access tokens are opaque on both sides.
const whole = (server, n, { application, width = 8 } = {}) => () => load({ pid: server.pid, port: server.port, width, n, others: server.others,
  work: (c, i) => login(c, server.target(i, application && server[application])) });

const rawSigning = () => async () => ({ cpuMicros: Number(execFileSync(path.join(build, 'bench_raw_sign'), ['RS256', '0.3'])),
  rate: 0, p50: 0, p99: 0 });

// Reads, commits, round trips and flushes of a password login with code exchange: no refresh, no userinfo, one at a time.
async function costs(durward, n = 50) {
  const connection = new Connection(durward.port);
  await connection.open();
  await login(connection, durward.target(1), { refresh: false, userinfo: false });
  const before = await countersOf(durward);
  for (let i = 0; i < n; ++i) await login(connection, durward.target(i), { refresh: false, userinfo: false });
  const after = await countersOf(durward);
  connection.close();
  return Object.fromEntries(Object.keys(after).map(name => [name, (after[name] - before[name]) / n]));
}

async function logins() {
  const durward = await startDurward(), peer = await startPeer();
  const [ours, theirs, oursHs, theirsHs, signing] = await compare([
    whole(durward, long ? 1500 : 500), whole(peer, long ? 400 : 150),
    whole(durward, long ? 1500 : 500, { application: 'webHs' }), whole(peer, long ? 400 : 150, { application: 'webHs' }),
    rawSigning(),
  ]);
  const against = (name, mine, other) => report(name, mine.cpuMicros, 'us', 'oidc-provider', other.cpuMicros / mine.cpuMicros,
    { against_value: Number(other.cpuMicros.toFixed(0)), ...latency(mine) });
  against('login_without_hash', ours, theirs);
  // The same login with HS256 ID tokens on both sides: what the servers do besides the two RSA signatures, whose price
  // differs threefold between processors.
  against('login_hs256', oursHs, theirsHs);
  report('two_rs256_signatures', 2 * signing.cpuMicros, 'us', 'EVP_DigestSign', ours.cpuMicros / (2 * signing.cpuMicros));

  const { reads, commits } = await costs(durward);
  report('reads_per_login', reads, 'reads', 'budget 5', 5 / Math.max(1e-9, reads));
  report('commits_per_login', commits, 'commits', 'budget 3', 3 / Math.max(1e-9, commits));
  await peer.stop();
  await durward.server.stop();
  await hashed.loginsWithBcrypt(tools);
}

const tools = { build, long, report, compare, fastHash, startDurward, startPeer, credentials, ordersApi };
async function hashing() {
  await hashed.lanes(tools);
  await hashed.fairness(tools);
  await hashed.passwordStep(tools);
  await hashed.besideFlood(tools);
  await hashed.tier(tools);
}

// The same whole login on each store, in one interleaved run beside the peer, which keeps everything in memory. Passwords are
// hashed by another process that hashes nothing worth the name, for all alike: a server with a store refuses to. Both databases
// flush every commit to the disk.
async function stores() {
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-bench-')), key = 'ab'.repeat(32);
  const hashing = await startProcess({ ephemeral: true, seeds: [], env: { DURWARD_LOG_LEVEL: 'warning' },
    args: ['--role', 'hashing', ...fastHash, '--internal-listen', '127.0.0.1:0', '--internal-key', key] });
  const cluster = await startCluster({ durable: true });
  const hasher = ['--hasher', hashing.ready.internal_url, '--internal-ca', hashing.ready.ca_file, '--internal-key', key];
  const on = url => startDurward({ ephemeral: false, args: [...hasher, '--store', url, '--data', directory] });
  const places = {
    'SQLite in memory': await startDurward({ args: hasher }),
    'SQLite file': await on(`sqlite:${directory}/bench.db`),
    PostgreSQL: { ...await on(await cluster.database()), others: () => familySeconds(postgresOn(cluster.port)) },
  };
  const peer = await startPeer(), servers = Object.values(places), width = 16;
  const [signing, theirs, ...ours] = await compare([rawSigning(), whole(peer, long ? 400 : 150, { width }),
    ...servers.map(durward => whole(durward, long ? 3000 : 800, { width }))]);
  for (const [i, name] of Object.keys(places).entries()) {
    const figure = ours[i], { reads, commits, trips, flushes } = await costs(servers[i]);
    report(`login: ${name}`, figure.cpuMicros, 'us', 'oidc-provider', theirs.cpuMicros / figure.cpuMicros, { against_value: Number(theirs.cpuMicros.toFixed(0)),
      ...latency(figure), logins_per_core: Math.round(1e6 / figure.cpuMicros), logins_per_second: Math.round(figure.rate),
      database_us: Math.round(figure.othersMicros), reads, commits, round_trips: trips, flushes });
  }
  report('two_rs256_signatures', 2 * signing.cpuMicros, 'us', 'EVP_DigestSign', null);
  report('login: oidc-provider in memory', theirs.cpuMicros, 'us', '', null, { ...latency(theirs), logins_per_core: Math.round(1e6 / theirs.cpuMicros),
    logins_per_second: Math.round(theirs.rate) });
  // Commits when everybody waits for the database: many connections, and what each login commits.
  for (const [i, name] of Object.keys(places).entries()) {
    const durward = servers[i], before = await countersOf(durward), at = process.hrtime.bigint();
    const figure = await whole(durward, long ? 6000 : 1600, { width: 64 })();
    const seconds = Number(process.hrtime.bigint() - at) / 1e9, after = await countersOf(durward);
    const perSecond = what => Math.round((after[what] - before[what]) / seconds);
    report(`saturated: ${name}`, perSecond('commits'), 'commits/s', '', null, { ...latency(figure), logins_per_second: Math.round(figure.rate),
      flushes_per_second: perSecond('flushes'), reads_per_second: perSecond('reads') });
  }
  await peer.stop();
  for (const durward of servers) await durward.server.stop();
  await hashing.stop();
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function start() {
  const times = [];
  let memory = 0;
  for (let round = 0; round < (long ? 15 : 7); ++round) {
    const at = process.hrtime.bigint();
    const server = await startProcess({ ephemeral: true, seeds: [path.join(here, 'bench.yaml')] });
    times.push(Number(process.hrtime.bigint() - at) / 1e6);
    memory = residentMiB(server.child.pid);
    await server.stop();
  }
  report('ready_ms', median(times), 'ms', 'owed 300 (design: 100)', 300 / median(times));
  report('idle_mib', memory, 'MiB', 'owed 40', 40 / memory);
}

// Lists of writes of a login, made durable on the embedded store and on PostgreSQL, which flush to the same disk: per
// second with one, sixteen and sixty-four under way, and what one list costs in round trips and flushes.
async function commits() {
  const folder = mkdtempSync(path.join(tmpdir(), 'durward-bench-'));
  const cluster = await startCluster({ durable: true });
  const measure = (url, width) => async () =>
    JSON.parse((await promisify(execFile)(path.join(build, 'bench_store'), [url, width, long ? 5 : 2])).stdout);
  try {
    const urls = [`sqlite:${folder}/bench.db`, await cluster.database()], widths = [1, 16, 64];
    const figures = await compare(widths.flatMap(width => urls.map(url => measure(url, width))));
    for (const [i, width] of widths.entries())
      for (const [name, mine, against, other] of [['sqlite', figures[2 * i], 'PostgreSQL', figures[2 * i + 1]],
        ['postgres', figures[2 * i + 1], 'SQLite', figures[2 * i]]])
        report(`commits_${name}_${width}`, mine.rate, 'commits/s', against, mine.rate / other.rate,
          { ...latency(mine), round_trips: mine.trips, flushes: mine.flushes, cpu_us: mine.cpuMicros });
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

// Cost 10, one core. A hash waits for nobody's end, so the milliseconds at one, two and all lanes are what a person waits. `quiet` is the
// ratio in the quietest tenth of the rounds; `of_mix` is how much of what this processor can do at best in the same rounds an engine reaches.
async function hash() {
  const { stdout } = await promisify(execFile)(path.join(build, 'bench_hash'), ['10', long ? '41' : '15']);
  const { machine, ...figures } = JSON.parse(stdout);
  const add = (name, key, against, more = {}) => figures[key] && report(name, figures[key].rate, 'hashes/s', against,
    key === against ? null : figures[key].ratio, { p50_ms: figures[key].ms, quiet: figures[key].quiet_ratio, ...more });
  const ofMix = key => figures.mix && { of_mix: Number((figures[key].rate / figures.mix.rate).toFixed(2)) };
  add('bcrypt_libxcrypt', 'libxcrypt', 'libxcrypt', machine);
  for (const [key, name] of [['plain_5', 'bcrypt_plain'], ['portable_5', 'bcrypt_portable'], ['assembly_5', 'bcrypt_assembly'], ['assembly_6', 'bcrypt_assembly']])
    if (figures[key]) add(name, key, 'libxcrypt', ofMix(key));
  add('bcrypt_mix', 'mix', 'libxcrypt');
  for (const key of Object.keys(figures)) if (/_[12]$/.test(key) && !key.startsWith('pbkdf2')) add(`bcrypt_${key}`, key, 'libxcrypt');
  for (const key of ['pbkdf2_openssl', 'pbkdf2_1', 'pbkdf2_4']) add(key, key, 'pbkdf2_openssl');
}

async function many() {
  const { tenants } = await import('./tenants.mjs');
  await tenants({ count: Number(option('count', 2000)), width: Number(option('width', 16)), store: option('store', 'sqlite'), on: option('on'), url: option('url'),
    report });
}

async function rates() {
  const { limits } = await import('./limits.mjs');
  await limits({ startDurward, compare, report, long });
}

async function extensions() {
  for (const part of Object.values(scripted)) await part(tools);
}

const parts = { hash, hashing, extensions, tokens, login: logins, stores, commits, start, tenants: many, limits: rates };
const byItself = { bcrypt: () => hashed.loginsWithBcrypt(tools), lanes: () => hashed.lanes(tools), fairness: () => hashed.fairness(tools), step: () => hashed.passwordStep(tools), flood: () => hashed.besideFlood(tools), tier: () => hashed.tier(tools),
  ...Object.fromEntries(Object.entries(scripted).map(([name, part]) => [name, () => part(tools)])) };
for (const [name, part] of Object.entries({ ...parts, ...byItself }))
  if (what === name || (what === 'all' && name in parts && part !== many && part !== rates)) await part();
if (!results.length) {
  console.error(`no such bench: ${what}; there are ${Object.keys(parts).join(', ')} and all`);
  process.exit(2);
}
if (!json) {
  console.log('name                                value unit           against                    ratio  p50 ms  p99 ms  more');
  for (const r of results) {
    const { name, value, unit, against, against_value, ratio, p50_ms, p99_ms, ...more } = r;
    console.log(`${name.padEnd(32)} ${String(value).padStart(8)} ${unit.padEnd(14)} ${`${against}${against_value ? ` (${against_value})` : ''}`.padEnd(26)} ${String(ratio ?? '').padStart(6)} ${
      String(p50_ms ?? '').padStart(7)} ${String(p99_ms ?? '').padStart(7)}  ${Object.entries(more).map(([what, n]) => `${what} ${n}`).join(', ')}`);
  }
}
