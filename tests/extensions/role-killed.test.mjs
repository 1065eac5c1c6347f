// A hundred people sign in while the role that runs their tenant's code is killed: each login ends as the binding's failure_policy says, none
// is left hanging, and when the role is back all is well without a restart.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Scripts } from '../support/customer.mjs';
import { internalKey, notNice } from '../support/scripts.mjs';
import { startProcess } from '../support/server.mjs';
import { claims, World } from '../support/world.mjs';

const people = 100, atOnce = 10;
const key = ['--internal-key', internalKey];
const claim = 'https://acme.example/ran';

// The data folder has its authority, which outlives it.
const startRole = (data, listen = '127.0.0.1:0') => startProcess({ seeds: [], args: ['--data', data, '--role', 'extensions', '--internal-listen', listen, ...key, ...notNice] });
const startRest = role => startProcess({ ephemeral: true, args: [...key, '--extensions', role.ready.internal_url, '--internal-ca', role.ready.ca_file,
  '--bcrypt-cost', '4', '--hash-nice', '0', '--rate-profile', 'unlimited'] });

// What a person met: "ran" and "passed over" are logins, with and without what the code adds; the rest is how they were refused.
async function visit(world, client, user) {
  const done = await world.signIn(client, user);
  if (done.code) {
    const { body } = await world.exchange(client, done.code);
    return claims(body.id_token)[claim] ? 'ran' : 'passed over';
  }
  return done.error ?? `${done.page.status}${done.page.header('retry-after') ? ' with Retry-After' : ''}`;
}

async function crowd(visitOnce, whenDone) {
  const met = [];
  let left = people;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      met.push(await visitOnce());
      await whenDone(met.length);
    }
  }));
  return Object.fromEntries(Object.entries(Object.groupBy(met, what => what)).map(([what, all]) => [what, all.length]));
}

// A process has to start first, and a server that failed rests for a while.
async function untilRan(visitOnce) {
  const end = Date.now() + 40_000;
  let last;
  do last = await visitOnce(); while (last !== 'ran' && Date.now() < end);
  return last;
}

for (const policy of ['closed', 'open']) {
  describe(`the role is killed in the middle of ${people} logins, bindings fail ${policy}`, () => {
    it('each login ends as the policy says, and all run again when the role is back', async () => {
      const data = mkdtempSync(path.join(tmpdir(), 'durward-role-'));
      let role = await startRole(data);
      let rest;
      try {
        rest = await startRest(role);
        const world = new World(rest), scripts = new Scripts(world);
        const client = await world.client(), user = await world.user();
        await scripts.bind('post-login', `exports.onExecutePostLogin = async (event, api) => {
          await new Promise(done => setTimeout(done, 20));
          api.idToken.setCustomClaim('${claim}', true);
        };`, { failure_policy: policy });
        const once = () => visit(world, client, user);
        assert.equal(await untilRan(once), 'ran');

        let dead;
        const met = await crowd(once, async done => { if (done === people / 4) dead ??= role.stop('SIGKILL'); });
        await dead;
        console.log(`# bindings fail ${policy}: ${JSON.stringify(met)}`);
        const { ran = 0, 'passed over': passed = 0, ...refused } = met;
        const refusals = Object.values(refused).reduce((sum, n) => sum + n, 0);
        assert.ok(ran >= people / 4, JSON.stringify(met));
        if (policy === 'open') assert.equal(ran + passed, people, JSON.stringify(met));
        else assert.equal(passed, 0, JSON.stringify(met));
        if (policy === 'closed') {
          assert.ok(refusals > 0, 'nobody met the death of the role');
          for (const how of Object.keys(refused)) assert.match(how, /^(temporarily_unavailable|503 with Retry-After)$/);
        }

        role = await startRole(data, new URL(role.ready.internal_url).host);
        assert.equal(await untilRan(once), 'ran');
      } finally {
        await rest?.stop();
        await role.stop();
        rmSync(data, { recursive: true });
      }
    });
  });
}
