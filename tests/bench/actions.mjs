// How fast a worker runs a trivial Action, without sandbox, database or login around it: round trips one at a time, executions a second of
// the worker's processor time with several under way, and the first call of a started worker. `node tests/bench/actions.mjs [--json]`
import { readFileSync } from 'node:fs';
import { Worker } from '../extensions/runtime/worker.mjs';

const code = `exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('https://example.com/roles', event.authorization.roles);
  api.accessToken.setCustomClaim('https://example.com/email', event.user.email);
  console.log(event.user.user_id, 'signed in');
};`;
const event = {
  authorization: { roles: ['admin', 'editor'] },
  client: { client_id: 'Yk1', name: 'Application', metadata: {} },
  connection: { id: 'con_1', name: 'Users', strategy: 'auth0', metadata: {} },
  request: {
    ip: '203.0.113.9',
    method: 'POST',
    hostname: 'acme.example.com',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0',
    query: { scope: 'openid profile email' },
    body: {},
    geoip: {},
  },
  stats: { logins_count: 12 },
  tenant: { id: 'acme' },
  transaction: { protocol: 'oidc-basic-profile', requested_scopes: ['openid', 'profile', 'email'], metadata: {} },
  user: {
    user_id: 'auth0|6650c0ffee',
    email: 'ann@example.com',
    email_verified: true,
    name: 'Ann',
    user_metadata: { color: 'blue' },
    app_metadata: { plan: 'gold' },
    identities: [],
  },
};
const call = {
  contract: 'action',
  trigger: 'post-login',
  handler: 'onExecutePostLogin',
  input: { event },
  scripts: [{ digest: 'd', id: 'act', name: 'trivial', secrets: { KEY: 'value' } }],
};
const load = { type: 'load', digest: 'd', contract: 'action', name: 'trivial', code };

// Processor time of a process so far, in microseconds (proc(5): utime and stime in clock ticks of 10 ms).
const processorTime = pid =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .split(') ')[1]
    .split(' ')
    .slice(11, 13)
    .reduce((sum, ticks) => sum + Number(ticks), 0) * 10_000;
const residentOf = pid => Number(/Pss:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const micros = () => Number(process.hrtime.bigint()) / 1000;

async function started() {
  const worker = new Worker();
  await worker.ready;
  return worker;
}

async function firstCall() {
  const worker = await started();
  const begin = micros();
  worker.send(load);
  await worker.run(call);
  const took = micros() - begin;
  await worker.stop();
  return took;
}

async function roundTrips(worker, count) {
  const took = [];
  for (let i = 0; i < count; ++i) {
    const begin = micros();
    await worker.run(call);
    took.push(micros() - begin);
  }
  return took.sort((a, b) => a - b);
}

async function saturate(worker, count, underWay) {
  const [begin, spent] = [micros(), processorTime(worker.child.pid)];
  let left = count;
  await Promise.all(
    Array.from({ length: underWay }, async () => {
      while (left-- > 0) await worker.run(call);
    }),
  );
  return { wall: micros() - begin, processor: processorTime(worker.child.pid) - spent };
}

const worker = await started();
worker.send(load);
await roundTrips(worker, 5000);
worker.frames.length = 0;
const alone = await roundTrips(worker, 5000);
const many = await saturate(worker, 40_000, 16);
const first = [];
for (let i = 0; i < 15; ++i) first.push(await firstCall());
first.sort((a, b) => a - b);
const report = {
  round_trip_us: { p50: quantile(alone, 0.5), p99: quantile(alone, 0.99) },
  executions_per_second_of_processor: 40_000 / (many.processor / 1e6),
  executions_per_second: 40_000 / (many.wall / 1e6),
  processor_us_per_execution: many.processor / 40_000,
  first_call_us: { p50: quantile(first, 0.5), max: first.at(-1) },
  pss_mib: residentOf(worker.child.pid),
};
await worker.stop();
console.log(
  JSON.stringify(report, (_, v) => (typeof v === 'number' ? Math.round(v * 10) / 10 : v), process.argv.includes('--json') ? 0 : 2),
);
