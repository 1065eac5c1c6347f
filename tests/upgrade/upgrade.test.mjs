// The release before and this one serve one installation together while people sign in: the schema migrates, processes go one by
// one from the old binary to the new, and back (docs/adr/0016-rolling-upgrade.md). The old binary is build/previous/durward, which
// ./do builds from the commit in tests/upgrade/previous.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Browser } from '../support/browser.mjs';
import { startNginx } from '../support/nginx.mjs';
import { freePort, newDatabase } from '../support/postgres.mjs';
import { binary as current, seedFile, startProcess, trust } from '../support/server.mjs';
import { callback, password, World } from '../support/world.mjs';

const run = promisify(execFile);
const previous = fileURLToPath(new URL('../../build/previous/durward', import.meta.url));
const missing = !existsSync(previous) && 'there is no build/previous/durward: ./do test upgrade says why it could not be built';

// Which processes there are, what each is told, and which of them the proxy sends to. They are told what the old binary knows
// until all are new.
const fleet = {
  processes: {
    'hashing-1': ['--role', 'hashing'], 'hashing-2': ['--role', 'hashing'],
    'management-1': ['--role', 'management'], 'management-2': ['--role', 'management'],
    'authentication-1': ['--role', 'authentication'], 'authentication-2': ['--role', 'authentication'],
    worker: ['--role', 'worker'],
  },
  routes: { '/': /^authentication/, '/api/v2/': /^management/ },
  store: () => newDatabase(),
};
const pair = {
  processes: { 'process-1': [], 'process-2': [] },
  routes: { '/': /^process/ },
  store: data => `sqlite:${data}/durward.db`,
};

class Installation {
  running = {};
  constructor(shape) {
    Object.assign(this, shape, { names: Object.keys(shape.processes) });
  }
  async open() {
    this.data = mkdtempSync(path.join(tmpdir(), 'durward-upgrade-'));
    this.url = await this.store(this.data);
    this.ports = {};
    for (const name of this.names) this.ports[name] = { public: await freePort(), internal: await freePort() };
    // One makes the store, the others find it.
    const maker = this.named(/^(management|process)/)[0];
    for (const name of this.names) await this.start(name, previous, name === maker ? [seedFile] : []);
    this.tenant = this.running[maker].tenants[0];
    this.proxy = await startNginx(path.join(this.data, 'nginx'),
      Object.fromEntries(Object.entries(this.routes).map(([where, who]) => [where, this.named(who).map(n => this.ports[n].public)])));
    trust(this.proxy.authority);
  }
  named(pattern) { return this.names.filter(name => pattern.test(name)); }

  flags(name) {
    const { public: port, internal } = this.ports[name];
    const hashers = this.named(/^hashing/).map(n => `https://127.0.0.1:${this.ports[n].internal}`);
    return ['--listen', `127.0.0.1:${port}`, '--data', this.data, '--plain-http', '--trusted-proxies', '127.0.0.1', '--bcrypt-cost', '4',
      ...this.processes[name],
      ...(name.startsWith('hashing') ? ['--internal-listen', `127.0.0.1:${internal}`]
        : ['--store', this.url, '--mail-catcher', ...(hashers.length ? ['--hasher', hashers.join(',')] : [])])];
  }
  async start(name, program, seeds = []) {
    return this.running[name] = await startProcess({ program, seeds, args: this.flags(name) });
  }
  async replace(name, program) {
    assert.equal(await this.running[name].stop(), 0, `${name} did not stop well`);
    await this.start(name, program);
  }
  async close() {
    await this.proxy?.stop();
    await Promise.all(Object.values(this.running).map(process => process.stop()));
    rmSync(this.data, { recursive: true, force: true });
  }
}

// People and programs that go on all the time; what one of them did not get is written down.
class Load {
  #going = true; #loops = []; #steps = new Map();
  failures = [];
  done = {};
  start(name, step) {
    this.done[name] = 0;
    this.#steps.set(name, step);
    this.#loops.push((async () => {
      while (this.#going)
        try { await step(); ++this.done[name]; } catch (error) { this.failures.push(`${name}: ${error.message.slice(0, 500)}`); }
    })());
  }
  stop() { this.#going = false; return Promise.all(this.#loops); }
}

function rolls(name, shape) {
  describe(`a rolling upgrade on ${name}`, { skip: missing }, () => {
    const installation = new Installation(shape), load = new Load();
    let world, client, user, members;

    before(async () => {
      await installation.open();
      const issuer = `https://localhost:${installation.proxy.port}/`;
      world = new World({ stop: () => installation.close() }, { ...installation.tenant, issuer });
      client = await world.client({ refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 } });
      user = await world.user();
      await everywhere(async ask => (await ask(passwordGrant())).status === 200);
      members = await Promise.all([1, 2].map(member));
      load.start('whole logins', async () => { await tokensOf(codeOf((await world.signIn(client, user, { scope: 'openid offline_access' })).page)); });
      load.start('whole logins, too', async () => { await tokensOf(codeOf((await world.signIn(client, user)).page)); });
      members.forEach((someone, i) => load.start(`a session and refresh tokens from before (${i})`, someone));
      load.start('an operator', operator);
    });
    after(async () => {
      await load.stop();
      await world?.close();
    });

    function codeOf(page) {
      const { code } = page.location ? page.callback : {};
      return code ?? assert.fail(`no code: ${page.status} ${page.location ?? page.text.replace(/[^]*<body/, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')}`);
    }
    async function tokensOf(code) {
      const { status, body } = await world.exchange(client, code);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    }
    const refreshed = refresh_token => ({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret,
      refresh_token });
    const passwordGrant = () => ({ grant_type: 'password', client_id: client.client_id, client_secret: client.client_secret,
      username: user.email, password, scope: 'openid offline_access' });

    // Somebody who signed in before the upgrade and never again: the session gives codes without a page, each refresh token the next.
    async function member() {
      const { browser, page } = await world.signIn(client, user, { scope: 'openid offline_access' });
      let { refresh_token } = await tokensOf(codeOf(page));
      return async () => {
        await tokensOf(codeOf(await browser.open(world.authorizeUrl(client, { prompt: 'none' }))));
        const { status, body } = await world.token(refreshed(refresh_token));
        assert.equal(status, 200, JSON.stringify(body));
        ({ refresh_token } = body);
      };
    }
    async function operator() {
      const colour = String(performance.now());
      await world.management.users.update(user.user_id, { user_metadata: { colour } });
      assert.equal((await world.management.users.get(user.user_id)).user_metadata.colour, colour);
    }

    // One process, past the proxy.
    function asks(name) {
      return (body, where = '/oauth/token') => new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port: installation.ports[name].public, path: where, method: 'POST', agent: false,
          headers: { host: world.domain, 'x-forwarded-proto': 'https', 'content-type': 'application/json' } }, response => {
          let text = '';
          response.on('data', data => { text += data; });
          response.on('end', () => resolve({ status: response.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text }));
        });
        request.once('error', reject);
        request.end(JSON.stringify(body));
      });
    }
    const faces = () => installation.named(installation.routes['/']);
    // Until it is so at each process that signs people in; within the second that a change may take.
    async function everywhere(isSo) {
      for (const face of faces()) {
        const end = performance.now() + 5000;
        while (!await isSo(asks(face))) assert.ok(performance.now() < end, `${face} does not know after five seconds`);
      }
    }

    async function mailsSent() {
      let sent = 0;
      for (const name of installation.named(/^(worker|process)/)) {
        const text = await (await fetch(`http://127.0.0.1:${installation.ports[name].public}/metrics`)).text();
        sent += Number(text.match(/^durward_mails_total\{outcome="sent"\} (\d+)/m)?.[1] ?? 0);
      }
      return sent;
    }

    // What one process gave, the other takes, both ways; what one is told, both know; and mails are sent.
    async function together() {
      const [one, two] = faces().map(asks);
      for (const [here, there] of [[one, two], [two, one]]) {
        const given = await here(passwordGrant());
        assert.equal(given.status, 200, JSON.stringify(given.body));
        const next = await there(refreshed(given.body.refresh_token));
        assert.equal(next.status, 200, JSON.stringify(next.body));
        assert.equal((await here(refreshed(next.body.refresh_token))).status, 200);
        assert.equal((await there(refreshed(given.body.refresh_token))).status, 403, 'a used one is refused by the other');
      }
      const made = await world.client();
      await everywhere(async ask => (await ask({ ...passwordGrant(), client_id: made.client_id, client_secret: made.client_secret })).status === 200);
      const before = await mailsSent();
      for (const ask of [one, two])
        assert.equal((await ask({ client_id: client.client_id, email: user.email, connection: 'Username-Password-Authentication' },
          '/dbconnections/change_password')).status, 200);
      const end = performance.now() + 30_000;
      while (await mailsSent() < before + 2) {
        assert.ok(performance.now() < end, 'a mail was not sent');
        await new Promise(resolve => setTimeout(resolve, 25));
      }
    }
    const stage = (what, change) => it(what, async () => {
      await change();
      await together();
      assert.deepEqual(load.failures, []);
    });

    stage('the old release alone', async () => {});
    stage('the schema migrates while the old release serves', async () => {
      const { stdout } = await run(current, ['migrate', '--store', installation.url, '--data', installation.data, '--json']);
      console.log(`${name}: applied ${JSON.parse(stdout).filter(step => step.applied).map(step => step.name).join(', ') || 'nothing'}`);
    });
    for (const process of installation.names) stage(`${process}: old → new`, () => installation.replace(process, current));
    for (const process of installation.names.toReversed()) stage(`${process}: new → old`, () => installation.replace(process, previous));

    it('no request failed, no session and no refresh token was lost', async () => {
      await load.stop();
      assert.deepEqual(load.failures, []);
      for (const [what, times] of Object.entries(load.done)) assert.ok(times > 0, `${what}: ${times}`);
      const answers = installation.proxy.answers();
      const retried = answers.filter(a => /, \d{3} /.test(a.line)).length;
      console.log(`${name}: ${answers.length} requests, ${answers.filter(a => a.status >= 500).length} failed, ${retried} asked twice by the proxy; ${
        Object.entries(load.done).map(([what, times]) => `${what} ${times}`).join(', ')}`);
      assert.deepEqual(answers.filter(a => a.status >= 500).map(a => a.line), []);
    });
  });
}

rolls('PostgreSQL', fleet);
rolls('SQLite', pair);
