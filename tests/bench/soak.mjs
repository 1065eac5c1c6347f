// ./do bench soak [--minutes 60] [--rate 10] [--every 10] [--json]: a steady load of whole logins on the split fleet, with everything
// short-lived made to end within minutes, and what each process and engine holds as time goes by: a steady load must not grow them.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { trust } from '../support/server.mjs';
import { World } from '../support/world.mjs';
import { login } from './driver.mjs';
import { Connection, percentile } from './support.mjs';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const minutes = option('minutes', 60), rate = option('rate', 10), every = option('every', 10);
const json = process.argv.includes('--json');
const lifetime = 300; // seconds that sessions and refresh tokens live
const binary = path.resolve(process.env.BINARY_UNDER_TEST ?? path.join(here, '../../build/dev/durward'));

const directory = mkdtempSync(path.join(tmpdir(), 'durward-soak-'));
// Passwords are hashed cheaply: the hour is about what is kept, not about bcrypt.
const fleet = (...args) => run(path.join(here, '../../tools/fleet'), [...args, '--dir', directory], {
  env: { ...process.env, DURWARD: binary, DURWARD_LOG_RETENTION: '600', DURWARD_LOG_LEVEL: 'warning', DURWARD_BCRYPT_COST: '4' },
});

const status = (pid, key) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${key}:\\s+(\\d+)`))?.[1] ?? 0) / 1024;
// Proportional: the connections of a database share most of their memory.
const proportional = pid => Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/Pss:\s+(\d+)/)[1]) / 1024;
const children = pid => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
function memoryOf(name, pid) {
  if (name !== 'postgres') return status(pid, 'VmRSS');
  return [pid, ...children(pid)].reduce((sum, one) => { try { return sum + proportional(one); } catch { return sum; } }, 0);
}
const summary = () => JSON.parse(readFileSync(path.join(directory, 'fleet.json'), 'utf8'));
const bin = `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').sort().at(-1)}/bin`;
async function sql(text) {
  const { stdout } = await run(`${bin}/psql`, ['-h', '127.0.0.1', '-p', String(summary().processes.postgres.port), '-U', 'durward', '-d', 'durward',
    '-qAtc', text], { env: { ...process.env, PGPASSWORD: readFileSync(path.join(directory, 'run/postgres.password'), 'utf8').trim() } });
  return stdout.trim();
}
const folderMiB = async folder => Number((await run('du', ['-sk', folder])).stdout.split('\t')[0]) / 1024;

async function sample(minute, window) {
  const row = { minute, logins: window.length, failed: failures.length,
    p50_ms: Math.round(percentile(window, 0.5) ?? 0), p99_ms: Math.round(percentile(window, 0.99) ?? 0) };
  for (const [name, { pid }] of Object.entries(summary().processes)) row[`${name}_mib`] = Number(memoryOf(name, pid).toFixed(1));
  row.database_mib = Number((Number(await sql('SELECT pg_database_size(current_database())')) / 2 ** 20).toFixed(1));
  row.rows = await sql("SELECT string_agg(relname||' '||n_live_tup,', ' ORDER BY relname) FROM (SELECT coalesce(p.parent,s.relname) relname,sum(n_live_tup) n_live_tup " +
    "FROM pg_stat_user_tables s LEFT JOIN (SELECT inhrelid,inhparent::regclass::text parent FROM pg_inherits) p ON p.inhrelid=s.relid GROUP BY 1 HAVING sum(n_live_tup)>0) t");
  row.nats_mib = Number((await folderMiB(path.join(directory, 'nats'))).toFixed(1));
  console.log(json ? JSON.stringify(row) : Object.entries(row).map(([key, value]) => `${key} ${value}`).join('  '));
}

const failures = [];
let window = [];
try {
  await fleet('up', '--seed', path.join(here, 'bench.yaml'));
  const { ca_file, base_url, ready } = summary(), ca = readFileSync(ca_file, 'utf8');
  trust(ca);
  const world = new World({ stop() {} }, { ...ready.tenants[0], issuer: `${base_url}/` });
  await world.management.tenants.settings.update({ session_lifetime_in_minutes: lifetime / 60, idle_session_lifetime_in_minutes: lifetime / 60 });
  const client = await world.client({ refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0, token_lifetime: lifetime,
    idle_token_lifetime: lifetime - 1, infinite_token_lifetime: false, infinite_idle_token_lifetime: false } });
  const users = [];
  for (let i = 0; i < 64; ++i) users.push(await world.user());
  const host = new URL(base_url).host, port = Number(new URL(base_url).port);
  const target = i => ({ host, origin: base_url, client_id: client.client_id, client_secret: client.client_secret, authorizePath: '/authorize',
    tokenPath: '/oauth/token', userinfoPath: '/userinfo', username: users[i % 64].email, password: 'Correct-Horse-7',
    scope: 'openid profile email offline_access' });

  // Open loop: a login begins every 1/rate seconds however long the others take, each on a connection of its own as browsers do.
  const started = performance.now(), ends = started + minutes * 60_000, running = new Set();
  async function one(i) {
    const connection = new Connection(port, ca), at = performance.now();
    try {
      await connection.open();
      await login(connection, target(i));
      window.push(performance.now() - at);
    } catch (error) {
      failures.push(error.message.slice(0, 200));
    } finally {
      connection.close();
    }
  }
  await one(0);
  await sample(0, window);
  window = [];
  let mark = 1;
  for (let i = 1; performance.now() < ends; ++i) {
    const due = started + i * 1000 / rate;
    if (due > performance.now()) await new Promise(resolve => setTimeout(resolve, due - performance.now()));
    const work = one(i).finally(() => running.delete(work));
    running.add(work);
    if (performance.now() >= started + mark * every * 60_000) {
      const done = window;
      window = [];
      await sample(mark++ * every, done);
    }
  }
  await Promise.all(running);
  if (mark <= minutes / every) await sample(minutes, window);
  for (const failure of new Set(failures)) console.log(`failed: ${failure}`);
} finally {
  await fleet('down');
  rmSync(directory, { recursive: true, force: true });
}
