// A tenant whose code takes all that a tenant may have of the extensions role, and a tenant beside it that has no code.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser, logIn } from '../support/browser.mjs';
import { Scripts } from '../support/customer.mjs';
import { extensionArgs, internalKey } from '../support/scripts.mjs';
import { seedFile, startProcess } from '../support/server.mjs';
import { password, World } from '../support/world.mjs';

const rivalSeed = fileURLToPath(new URL('../support/rival.yaml', import.meta.url));
const people = 300, tenantMax = 250; // calls of a tenant, waiting and under way (src/adapters/sandbox/supervisor.h)
const attemptsAtOnce = 5;            // of one account, before its guard speaks
const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.floor(list.length * p)].toFixed(1);
const outcomeOf = answer => (answer.location ? answer.callback.error ?? 'signed in' : String(answer.status));

class Tenant {
  constructor(server, name) {
    this.world = new World(server, server.tenant(name));
    this.scripts = new Scripts(this.world);
  }
  async fill(users) {
    const { management } = this.world;
    this.client = await this.world.client();
    const { data: [connection] } = await management.connections.list({ name: 'Username-Password-Authentication' });
    await management.connections.clients.update(connection.id, [{ client_id: this.client.client_id, status: true }]);
    this.users = [];
    for (let i = 0; i < users; ++i) this.users.push(await this.world.user());
    return this;
  }
  user(i) { return this.users[i % this.users.length].email; }
  open() { return new Browser().open(this.world.authorizeUrl(this.client)); }
  enter(page, i) { return logIn(page, this.user(i), password); }
  grant(i) {
    const { client_id, client_secret } = this.client;
    return this.world.token({ grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm: 'Username-Password-Authentication', client_id, client_secret,
      username: this.user(i), password, scope: 'openid' });
  }
  // One after the other, each in milliseconds.
  async logins(count) {
    const took = [];
    for (let i = 0; i < count; ++i) {
      const at = performance.now();
      const answer = await this.enter(await this.open(), i);
      assert.equal(outcomeOf(answer), 'signed in');
      took.push(performance.now() - at);
    }
    return took;
  }
}

describe('an action that sleeps for twenty seconds, and three hundred people at once', () => {
  let role, front, calm, greedy;
  before(async () => {
    role = await startProcess({ seeds: [], ephemeral: true, args: ['--role', 'extensions', ...extensionArgs] });
    // Passwords cost nothing here, so that it is scripts that there are too many of.
    front = await startProcess({ ephemeral: true, seeds: [seedFile, rivalSeed], args: ['--extensions', role.ready.internal_url, '--internal-key', internalKey,
      '--internal-ca', role.ready.ca_file, '--insecure-fast-hash-for-benchmarks', '--rate-profile', 'unlimited'] });
    calm = await new Tenant(front, 'acme').fill(8);
    greedy = await new Tenant(front, 'rival').fill(people / attemptsAtOnce);
  });
  after(() => Promise.all([front, role].map(server => server?.stop())));

  // Resolves when so many have come back from a login that found no place; `all` when everybody has.
  function flood(pages, refusals) {
    const refused = Promise.withResolvers();
    const all = Promise.all(pages.map(async (page, i) => {
      const outcome = outcomeOf(await greedy.enter(page, i));
      if (outcome === 'temporarily_unavailable' && --refusals === 0) refused.resolve();
      return outcome;
    }));
    return { all, full: Promise.race([refused.promise, all]) };
  }

  it('nobody else waits for them, and those who find no place are told to come back', { timeout: 180_000 }, async t => {
    await calm.logins(20);
    const quiet = await calm.logins(100);

    await greedy.scripts.bind('post-login', 'exports.onExecutePostLogin = () => new Promise(done => setTimeout(done, 20_000));');
    const pages = [];
    for (let i = 0; i < people; ++i) pages.push(await greedy.open());
    const { full, all } = flood(pages, people - tenantMax);
    await full;

    const grant = await greedy.grant(0);
    assert.equal(grant.status, 503);
    assert.equal(grant.body.error, 'temporarily_unavailable');
    assert.match(grant.headers.get('retry-after'), /^[1-9]\d?$/);

    const beside = await calm.logins(100);
    const metrics = await (await fetch(`${role.base}/metrics`)).text();
    t.diagnostic(`a login beside them: p50 ${percentile(beside, 0.5)} ms, p99 ${percentile(beside, 0.99)} ms; quiet ${percentile(quiet, 0.5)} and ${
      percentile(quiet, 0.99)}; ${/^durward_script_waiting (\d+)/m.exec(metrics)[1]} waited`);

    const counts = {};
    for (const outcome of await all) counts[outcome] = (counts[outcome] ?? 0) + 1;
    t.diagnostic(`the three hundred: ${JSON.stringify(counts)}`);
    assert.ok(counts.temporarily_unavailable >= people - tenantMax);
    const known = ['temporarily_unavailable', 'access_denied', 'signed in'];
    assert.deepEqual(Object.keys(counts).filter(outcome => !known.includes(outcome)), []);
  });

  it('and without the action the tenant signs in again', async () => {
    await greedy.scripts.clear();
    await greedy.logins(8);
  });
});
