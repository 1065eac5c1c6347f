// ./do bench limits: what limits cost a request, how exact they are with two processes on one Redis, and what a management flood costs logins.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from '../support/redis.mjs';
import { startProcess } from '../support/server.mjs';
import { login } from './driver.mjs';
import { Connection, load, percentile } from './support.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const operatorKey = 'k'.repeat(40), internalKey = 'ab'.repeat(32);
const operatorArgs = ['--operator-listen', '127.0.0.1:0', '--operator-key', operatorKey];

// Over the listener's own authority, which an ephemeral process tells nobody.
function grant(server, entitlements) {
  const { name } = server.tenant();
  return new Promise((resolve, reject) => {
    https.request(`${server.ready.operator_url}/operator/v1/tenants/${name}/entitlements`, { method: 'PATCH', rejectUnauthorized: false,
      headers: { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' } }, response => {
      response.resume();
      response.once('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`entitlements: ${response.statusCode}`))));
    }).once('error', reject).end(JSON.stringify(entitlements));
  });
}

function startFlood(port, host, where, token, width = 16) {
  const child = spawn(process.execPath, [path.join(here, 'flooder.mjs'), port, host, where, token, width].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  const flows = new Promise(resolve => child.stdout.on('data', data => { text += data; if (text.startsWith('1')) resolve(); }));
  const ends = new Promise(resolve => child.once('exit', resolve));
  return flows.then(() => ({ stop: async () => {
    child.stdin.end();
    await ends;
    return JSON.parse(text.trim().split('\n')[1]);
  } }));
}

// The same requests with a bucket each takes from, and with none.
async function cost({ startDurward, compare, report }) {
  const durward = await startDurward({ profile: 'paid', args: ['--insecure-fast-hash-for-benchmarks', ...operatorArgs] });
  const keys = () => load({ pid: durward.pid, port: durward.port, width: 16, n: 12000, work: async connection => {
    const { status } = await connection.request('GET', '/.well-known/jwks.json', durward.host);
    if (status !== 200) throw new Error(`jwks: ${status}`);
  } });
  const bucket = { class: 'well_known', scope: 'tenant', units: 1000000 };
  const [limited, free] = await compare([
    async () => { await grant(durward.server, { rate_profile: 'unlimited', rate_limits: [bucket] }); return keys(); },
    async () => { await grant(durward.server, { rate_profile: 'unlimited', rate_limits: [] }); return keys(); },
  ]);
  report('limit_cost', limited.cpuMicros - free.cpuMicros, 'us', 'JWKS without a bucket', free.cpuMicros / limited.cpuMicros, { against_value: Number(free.cpuMicros.toFixed(1)) });
  await durward.server.stop();
}

// Logins one after the other over two connections while an own process floods the management API.
async function planes({ startDurward, report, long }) {
  const logins = durward => load({ pid: durward.pid, port: durward.port, width: 2, n: long ? 600 : 200,
    work: (c, i) => login(c, durward.target(i), { refresh: false, userinfo: false }) });
  const measure = async (name, durward, floodPort, token, more = {}) => {
    await logins(durward);
    const quiet = await logins(durward);
    const flood = await startFlood(floodPort, new URL(durward.config.issuer).host, '/api/v2/users?per_page=50', token);
    const flooded = await logins(durward);
    const counts = await flood.stop();
    if (!counts[200]) throw new Error(`no request of the flood was served: ${JSON.stringify(counts)}`);
    const seconds = (long ? 600 : 200) / flooded.rate;
    report(name, flooded.p99, 'ms p99', 'quiet', quiet.p99 / flooded.p99, { against_value: Number(quiet.p99.toFixed(2)),
      p50_quiet: Number(quiet.p50.toFixed(2)), p50_flooded: Number(flooded.p50.toFixed(2)),
      served_s: Math.round((counts[200] ?? 0) / seconds), refused_s: Math.round(((counts[429] ?? 0) + (counts[503] ?? 0)) / seconds), ...more });
  };
  const token = async durward => {
    const { client_id, client_secret } = durward.server.tenant();
    const response = await fetch(`${durward.base}/oauth/token`, { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'client_credentials', client_id, client_secret, audience: `${durward.config.issuer}api/v2/` }) });
    return (await response.json()).access_token;
  };
  const one = await startDurward({ profile: 'paid', args: ['--insecure-fast-hash-for-benchmarks', ...operatorArgs] });
  await measure('login_flooded_paid', one, one.port, await token(one));
  await grant(one.server, { rate_limits: [{ class: 'management', scope: 'tenant', units: 50 }] });
  await measure('login_flooded_50', one, one.port, await token(one));
  await one.server.stop();

  const data = mkdtempSync(path.join(tmpdir(), 'durward-bench-'));
  try {
    const hashing = await startProcess({ ephemeral: true, seeds: [], env: { DURWARD_LOG_LEVEL: 'warning' },
      args: ['--role', 'hashing', '--insecure-fast-hash-for-benchmarks', '--internal-listen', '127.0.0.1:0', '--internal-key', internalKey] });
    const shared = ['--data', data, '--hasher', hashing.ready.internal_url, '--internal-ca', hashing.ready.ca_file, '--internal-key', internalKey];
    const authentication = await startDurward({ profile: 'paid', ephemeral: false, args: [...shared] });
    const management = await startProcess({ seeds: [], env: { DURWARD_LOG_LEVEL: 'warning' },
      args: ['--plain-http', '--io-threads', '1', '--role', 'management', ...shared] });
    await measure('login_flooded_two_processes', authentication, Number(new URL(management.base).port), await token(authentication));
    await management.stop();
    await authentication.server.stop();
    await hashing.stop();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function flood(servers, seconds, method, where, headers = '') {
  const end = performance.now() + seconds * 1000, waits = [];
  let passed = 0, refused = 0;
  await Promise.all(servers.flatMap(({ port }) => Array.from({ length: 8 }, async () => {
    const connection = new Connection(port);
    await connection.open();
    while (performance.now() < end) {
      const at = performance.now();
      const { status } = await connection.request(method, where, 'acme.localhost', { headers });
      waits.push(performance.now() - at);
      if (status === 429) ++refused; else ++passed;
    }
    connection.close();
  })));
  return { passed, refused, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
}

async function exactness({ report, long }) {
  const data = mkdtempSync(path.join(tmpdir(), 'durward-bench-')), redis = await new Redis().start();
  const args = ['--data', data, '--bcrypt-cost', '4', '--redis', redis.url, '--plain-http', '--trusted-proxies', '127.0.0.1', '--io-threads', '1'];
  const env = { DURWARD_LOG_LEVEL: 'warning' };
  try {
    const first = await startProcess({ args: [...args, ...operatorArgs], env }), second = await startProcess({ seeds: [], args, env });
    const servers = [first, second].map(server => ({ server, port: Number(new URL(server.base).port) }));
    const seconds = long ? 20 : 5;
    let address = 0;
    const rows = [['coarse', { class: 'well_known', scope: 'tenant' }, 'GET', '/.well-known/jwks.json'],
      ['exact', { class: 'signup', scope: 'ip' }, 'POST', '/dbconnections/signup']];
    for (const [name, limit, method, where] of rows)
      for (const units of [10, 100, 1000]) {
        await grant(first, { rate_profile: 'unlimited', rate_limits: [{ ...limit, units, burst: units }] });
        for (const { server } of servers)
          await fetch(`${server.base}/.well-known/openid-configuration`, { headers: { 'cache-control': 'no-cache' } });
        const headers = `Content-Length: 0\r\nX-Forwarded-For: 203.0.113.${++address}\r\n`;
        const got = await flood(servers, seconds, method, where, method === 'POST' ? headers : '');
        const configured = units + units * seconds;
        report(`limit_error_${name}_${units}`, (got.passed / configured - 1) * 100, '%', 'configured', got.passed / configured,
          { against_value: configured, passed: got.passed, refused: got.refused, p50_ms: Number(got.p50.toFixed(2)), p99_ms: Number(got.p99.toFixed(2)) });
      }
    await Promise.all(servers.map(({ server }) => server.stop()));
  } finally {
    await redis.kill();
    rmSync(data, { recursive: true, force: true });
  }
}

export async function limits(tools) {
  await cost(tools);
  await exactness(tools);
  await planes(tools);
}
