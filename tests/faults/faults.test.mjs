// Each engine and role of a split fleet is killed, stopped, cut off or made silent while people sign in. What may fail then is
// declared here, as in docs/adr/0015-degradation.md: everything else must go on, what fails is told so politely and in time, nothing that
// was acknowledged is lost, and all is well again without a restart. Writes the table of docs/faults.md.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startCluster } from '../support/postgres.mjs';
import { SmtpSink } from '../support/smtp-sink.mjs';
import { World } from '../support/world.mjs';
import { Fleet } from './fleet.mjs';
import { Load, pause } from './load.mjs';

const all = ['login', 'refresh', 'userinfo', 'silent', 'logout', 'token', 'metadata', 'management', 'mail'];
const store = ['login', 'refresh', 'userinfo', 'silent', 'logout', 'management', 'mail'];
const hashing = ['login', 'management'];
const authentication = all.filter(kind => kind !== 'management');

// may: kinds of requests that may be refused; the others do not fail once. proxy: nginx may answer for a process that died.
// waits: what a stopped process has in its hands waits for it. within: milliseconds the slowest request may take.
// length: of the fault; a kill is mended by starting the process again.
const cases = [
  { name: 'worker', how: 'kill', length: 1500, may: [], within: 3000 },
  { name: 'postgres', how: 'kill', length: 2500, may: store, within: 9000 },
  { name: 'postgres', how: 'pause', length: 9000, may: store, within: 12000 },
  { name: 'postgres', how: 'cut', length: 5000, may: store, within: 9000 },
  { name: 'postgres', how: 'blackhole', length: 9000, may: store, within: 12000 },
  { name: 'postgres', how: 'half-close', length: 1000, may: store, within: 4000 },
  { name: 'postgres', how: 'slow by 100 ms', length: 3000, may: [], within: 5000 },
  { name: 'redis', how: 'kill', length: 2000, may: [], within: 3000 },
  { name: 'redis', how: 'pause', length: 2000, may: [], within: 3000 },
  { name: 'redis', how: 'cut', length: 2000, may: [], within: 3000 },
  { name: 'redis', how: 'blackhole', length: 2000, may: [], within: 3000 },
  { name: 'nats', how: 'kill', length: 2000, may: [], within: 3000 },
  { name: 'nats', how: 'pause', length: 2000, may: [], within: 3000 },
  { name: 'nats', how: 'cut', length: 2000, may: [], within: 3000 },
  { name: 'nats', how: 'blackhole', length: 2000, may: [], within: 3000 },
  { name: 'hashing', how: 'kill', length: 2000, may: hashing, within: 7000 },
  { name: 'hashing', how: 'pause', length: 3000, may: hashing, within: 7000 },
  { name: 'hashing', how: 'cut', length: 2000, may: hashing, within: 7000 },
  { name: 'extensions', how: 'kill', length: 1500, may: [], within: 3000 },  // no code is bound
  { name: 'authentication-1', how: 'kill', length: 1500, may: [], proxy: authentication, within: 4000 },
  { name: 'authentication-1', how: 'pause', length: 2500, may: [], waits: true, within: 6000 },
  { name: 'management', how: 'kill', length: 1000, may: [], proxy: ['management'], within: 4000 },
];
// One of two hashing roles: nobody notices. Who hashes what the other had in its hands waits for a hedge or a second try.
const twoHashing = [
  { name: 'hashing-2', how: 'kill', length: 2000, may: [], within: 5000 },
  { name: 'hashing-2', how: 'pause', length: 4000, may: [], within: 5000 },
  { name: 'hashing', how: 'cut', length: 2000, may: [], within: 5000 },
];
// The primary is killed and, after a while in which nobody takes writes, its synchronous standby promoted.
const failOver = [{ name: 'postgres', how: 'fail over', length: 2500, may: store, within: 9000 }];

const lostCell = 6;
const chosen = process.env.FAULTS ? new RegExp(process.env.FAULTS) : /./;
const rows = [];

async function withStandby() {
  const cluster = await startCluster();
  await cluster.standby({ sync: true });
  return cluster;
}

function suite(title, makeCluster, cases, more) {
  cases = cases.filter(c => chosen.test(`${c.name} ${c.how}`));
  if (cases.length) describe(title, { concurrency: false }, () => suffering(makeCluster, cases, more));
}
function suffering(makeCluster, cases, more) {
  let cluster, fleet, sink, load;
  const own = [];

  before(async () => {
    sink = await new SmtpSink().start();
    cluster = await makeCluster();
    fleet = new Fleet({ DURWARD_SMTP_URL: sink.url, DURWARD_SMTP_CA: sink.ca }, more);
    load = new Load(new World({ stop() {} }, await fleet.up(cluster)));
    await load.begin();
  });
  after(async () => {
    await load?.end();
    await fleet?.down();
    await cluster?.stop();
    await sink?.stop();
    const file = process.env.FAULT_TABLE ?? 'build/results/faults.md';
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, rows.map(row => `| ${row.cells.join(' | ')} |\n`).join(''));
  });

  const seconds = ms => (ms / 1000).toFixed(1);
  const failedSince = at => load.records.filter(r => r.end >= at && r.outcome !== 'ok');

  // Every kind has passed twice since its last failure, and nothing failed for a while.
  async function normalAfter(mended) {
    for (;;) {
      const failures = failedSince(mended);
      const last = Math.max(mended, ...failures.map(r => r.end));
      const passed = all.map(kind => load.records.filter(r => r.kind === kind && r.outcome === 'ok' && r.begin >= last)[1]?.end);
      if (passed.every(Boolean) && performance.now() > last + 1000) return failures.length ? last : mended;
      if (performance.now() > mended + 40_000) throw new Error(`still failing: ${JSON.stringify(failures.at(-1) ?? all.filter((_, i) => !passed[i]))}`);
      await pause(50);
    }
  }

  async function suffer({ name, how, length }) {
    const [begin, mend] = fleet.fault(how, name);
    load.records = [];
    await pause(500);
    assert.deepEqual(failedSince(0), [], 'something failed before the fault');
    const began = performance.now();
    await begin();
    try { await pause(length); } finally { await mend(); }
    const mended = performance.now();
    const normal = await normalAfter(mended);
    return { began, mended, normal, records: load.records.filter(r => r.end >= began) };
  }

  for (const one of cases) {
    it(`${one.name}: ${one.how}`, { timeout: 90_000 }, async () => {
      const { began, mended, normal, records } = await suffer(one);
      const failed = records.filter(r => r.outcome !== 'ok');
      const slowest = Math.max(...records.map(r => r.end - r.begin));
      const { lost, acknowledged, mails } = await load.lost();
      own.push({ mails, cells: [`${more ? 'one of two hashing' : one.name}: ${one.how}`, `${seconds(mended - began)} s`, records.length, failed.length, `${seconds(slowest)} s`,
        acknowledged, lost.length, `${seconds(normal - mended)} s`, [...new Set(failed.map(r => r.kind))].join(', ') || 'nothing'] });
      rows.push(own.at(-1));
      console.log(rows.at(-1).cells.join(' | '));
      const wrong = failed.filter(r => r.outcome === 'wrong' ||
        (r.outcome === 'refused' ? !one.may.includes(r.kind) : !(one.proxy ?? []).includes(r.kind)));
      assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} wrong answers`);
      for (const kind of ['metadata', 'token', 'silent'].filter(k => !one.may.includes(k) && !one.waits))
        assert.ok(records.some(r => r.kind === kind && r.outcome === 'ok' && r.end < mended), `${kind} did not go on`);
      assert.deepEqual(lost, []);
      assert.ok(slowest < one.within, `the slowest took ${slowest} ms: ${JSON.stringify(records.find(r => r.end - r.begin === slowest))}`);
    });
  }

  // A mail that a killed worker had in its hands is sent by another when its claim ends.
  it('every mail that was promised was sent', { timeout: 200_000 }, async () => {
    const missing = () => own.map(row => row.mails.filter(address => !sink.received.has(address)).length);
    const end = performance.now() + 180_000;
    while (missing().some(Boolean) && performance.now() < end) await pause(100);
    missing().forEach((count, i) => { own[i].cells[lostCell] += count; });
    assert.deepEqual(missing().filter(Boolean), []);
  });

  it('the configuration is what was written last', async () => {
    await load.end();
    assert.ok(await load.configurationHolds());
  });
}

suite('faults', () => undefined, cases);
suite('two hashing roles', () => undefined, twoHashing, ['--two-hashing']);
suite('fail-over', withStandby, failOver);
