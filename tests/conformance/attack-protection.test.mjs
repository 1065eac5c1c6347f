// Each protection triggered, with its answer and its log code, and lifted by a stock client.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ManagementClient as NextManagementClient } from 'auth0-next';
import { Browser, logIn } from '../support/browser.mjs';
import { Guesser, inParallel, logged, post, realm, trusting } from '../support/guesser.mjs';
import { startProcess, startServer } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { callback, password, World } from '../support/world.mjs';

const blocked = "Your account has been blocked after multiple consecutive login attempts. We've sent you an email with " +
  'instructions on how to unblock it.';
const suspicious = 'We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator.';

// Addresses that no other test uses.
let networks = 0;
const network = () => { const n = ++networks; return host => `198.51.${n}.${host}`; };
const someone = () => `${randomBytes(6).toString('hex')}@acme.example`;

describe('attack protection', embeddedOnly('chooses the addresses that requests come from; for a fleet nginx does'), () => {
  let world, api, client, guesser, ip;
  before(async () => {
    world = new World(await startServer({ args: trusting }));
    api = world.management;
    client = await world.client();
    guesser = new Guesser(world, client);
  });
  after(() => world?.close());
  beforeEach(() => { ip = network(); });

  const guessWrong = async (times, who, address) => {
    const answers = [];
    for (let i = 0; i < times; ++i) answers.push(await guesser.guess(who, `wrong-${i}`, address));
    return answers;
  };
  // Whatever a test sets is the default again.
  const withSettings = async (settings, change, run) => {
    const before = await settings.get();
    await settings.update(change);
    try { await run(); } finally { await settings.update(before); }
  };

  describe('settings', () => {
    it('of an untouched tenant are those of the reference', async () => {
      const { attackProtection: settings } = api;
      assert.deepEqual(await settings.bruteForceProtection.get(), {
        enabled: true, shields: ['block', 'user_notification'], mode: 'count_per_identifier_and_ip', allowlist: [], max_attempts: 10 });
      assert.deepEqual(await settings.suspiciousIpThrottling.get(), {
        enabled: true, shields: ['admin_notification', 'block'], allowlist: [], stage: {
          'pre-login': { max_attempts: 100, rate: 864000 }, 'pre-user-registration': { max_attempts: 50, rate: 1200 },
          'pre-custom-token-exchange': { max_attempts: 10, rate: 600000 } } });
      assert.deepEqual(await settings.breachedPasswordDetection.get(), {
        enabled: false, shields: [], admin_notification_frequency: [], method: 'standard',
        stage: { 'pre-user-registration': { shields: [] }, 'pre-change-password': { shields: [] } } });
    });

    it('are written and read by both generations of the SDK', async () => {
      const next = new NextManagementClient({ domain: world.domain, clientId: world.tenant.client_id,
        clientSecret: world.tenant.client_secret });
      for (const { attackProtection: settings } of [api, next]) {
        await withSettings(settings.bruteForceProtection, { max_attempts: 3, allowlist: ['192.0.2.0/24'] }, async () => {
          const changed = await settings.bruteForceProtection.get();
          assert.equal(changed.max_attempts, 3);
          assert.deepEqual(changed.allowlist, ['192.0.2.0/24']);
        });
        await withSettings(settings.botDetection, { bot_detection_level: 'high' }, async () =>
          assert.equal((await settings.botDetection.get()).bot_detection_level, 'high'));
      }
    });

    it('never show the secret of a captcha provider', async () => {
      const { captcha } = api.attackProtection;
      await captcha.update({ active_provider_id: 'hcaptcha', hcaptcha: { site_key: 'site', secret: 'do-not-show' } });
      const shown = await captcha.get();
      assert.deepEqual(shown.hcaptcha, { site_key: 'site' });
      assert.equal(shown.active_provider_id, 'hcaptcha');
      const log = await world.api('GET', '/logs?q=type:sapi&per_page=100&sort=date:-1');
      assert.doesNotMatch(JSON.stringify(log.body), /do-not-show/);
      await captcha.update({ active_provider_id: 'auth_challenge' });
    });

    it('that do not fit are refused', async () => {
      await assert.rejects(api.attackProtection.bruteForceProtection.update({ max_attempts: 0 }),
        error => error.statusCode === 400 && error.body.errorCode === 'invalid_body');
      await assert.rejects(api.attackProtection.suspiciousIpThrottling.update({ allowlist: ['everywhere'] }),
        error => error.statusCode === 400 && /allowlist\.0/.test(error.body.message));
    });
  });

  describe('brute force', () => {
    it('blocks at the tenth wrong password, for this address only, and the API lifts it', async () => {
      const user = await world.user();
      const answers = await guessWrong(10, user.email, ip(1));
      assert.deepEqual(answers.map(a => a.code), [...Array(9).fill('invalid_grant'), 'too_many_attempts']);
      assert.equal(answers[9].status, 429);
      assert.equal(answers[9].body.error_description, blocked);
      assert.equal((await guesser.guess(user.email, password, ip(1))).code, 'too_many_attempts');
      assert.equal((await guesser.guess(user.email, password, ip(2))).status, 200);

      const records = (await logged(world, 'limit_wc')).filter(r => r.user_name === user.email);
      assert.equal(records.length, 2);
      assert.deepEqual(records.map(r => [r.ip, r.user_id, r.connection]), Array(2).fill([ip(1), user.user_id, realm]));

      const expected = { blocked_for: [{ identifier: user.email, ip: ip(1), connection: realm }] };
      assert.deepEqual(await api.userBlocks.listByIdentifier({ identifier: user.email }), expected);
      assert.deepEqual(await api.userBlocks.list(user.user_id), expected);
      assert.deepEqual(await api.userBlocks.list(user.user_id, { consider_brute_force_enablement: true }), expected);
      await api.userBlocks.deleteByIdentifier({ identifier: user.email });
      assert.deepEqual(await api.userBlocks.list(user.user_id), { blocked_for: [] });
      assert.equal((await guesser.guess(user.email, password, ip(1))).status, 200);
    });

    it('is lifted by the id of the user too, and the count begins anew', async () => {
      const user = await world.user();
      await guessWrong(10, user.email, ip(1));
      await api.userBlocks.delete(user.user_id);
      const answers = await guessWrong(10, user.email, ip(1));
      assert.deepEqual(answers.map(a => a.status), [...Array(9).fill(403), 429]);
    });

    it('answers for an account that does not exist exactly as for one that does', async () => {
      const [known, unknown] = [(await world.user()).email, someone()];
      const [first, second] = [await guessWrong(12, known, ip(1)), await guessWrong(12, unknown, ip(2))];
      assert.deepEqual(first, second);
      assert.deepEqual(await api.userBlocks.listByIdentifier({ identifier: unknown }),
        { blocked_for: [{ identifier: unknown, ip: ip(2), connection: realm }] });
    });

    it('counted by account alone is not evaded by more addresses', async () => {
      const user = await world.user();
      await withSettings(api.attackProtection.bruteForceProtection, { mode: 'count_per_identifier', max_attempts: 3 }, async () => {
        const answers = [];
        for (let i = 1; i <= 4; ++i) answers.push(await guesser.guess(user.email, 'wrong', ip(i)));
        assert.deepEqual(answers.map(a => a.status), [403, 403, 429, 429]);
        assert.equal((await guesser.guess(user.email, password, ip(99))).status, 429);
        assert.deepEqual((await api.userBlocks.list(user.user_id)).blocked_for, [{ identifier: user.email, connection: realm }]);
        await api.userBlocks.delete(user.user_id);
        assert.equal((await guesser.guess(user.email, password, ip(99))).status, 200);
      });
    });

    it('forgets failures after a right password', async () => {
      const user = await world.user();
      for (let round = 0; round < 2; ++round) {
        await guessWrong(9, user.email, ip(1));
        assert.equal((await guesser.guess(user.email, password, ip(1))).status, 200);
      }
    });

    it('gives parallel guesses no more than ten', async () => {
      const user = await world.user();
      const answers = await inParallel(Array.from({ length: 60 }, (_, i) => i), 60, i => guesser.guess(user.email, `w${i}`, ip(i % 3)));
      for (const [host, list] of Object.entries(Object.groupBy(answers, (_, i) => i % 3)))
        assert.ok(list.filter(a => a.status === 403).length <= 10, host);
      assert.equal((await logged(world, 'fepft')).filter(r => r.user_name === user.email).length <= 30, true);
    });

    it('lets addresses of the allow list, other connections and tenants without the shield alone', async () => {
      const user = await world.user();
      const settings = api.attackProtection.bruteForceProtection;
      await withSettings(settings, { allowlist: [`${ip(0)}/24`] }, async () => {
        const answers = await guessWrong(12, user.email, ip(1));
        assert.ok(answers.every(a => a.status === 403));
      });
      await withSettings(settings, { shields: [] }, async () => {
        const answers = await guessWrong(12, user.email, ip(2));
        assert.ok(answers.every(a => a.status === 403));
        assert.equal((await logged(world, 'limit_wc')).filter(r => r.user_name === user.email).length, 3);
      });
      const { data: [connection] } = await api.connections.list({ name: realm });
      const { options } = connection;
      await api.connections.update(connection.id, { options: { ...options, brute_force_protection: false } });
      try {
        const answers = await guessWrong(12, user.email, ip(3));
        assert.ok(answers.every(a => a.status === 403));
      } finally {
        await api.connections.update(connection.id, { options });
      }
    });

    it('hides blocks that are not in force from who asks so', async () => {
      const user = await world.user();
      await guessWrong(10, user.email, ip(1));
      await withSettings(api.attackProtection.bruteForceProtection, { enabled: false }, async () => {
        assert.equal((await guesser.guess(user.email, password, ip(1))).status, 200);
        const only = { consider_brute_force_enablement: true };
        assert.deepEqual((await api.userBlocks.list(user.user_id, only)).blocked_for, []);
        assert.equal((await api.userBlocks.list(user.user_id)).blocked_for.length, 1);
      });
    });

    it('on the page tells the person, and the mailed link lets them in again', async () => {
      const user = await world.user();
      const browser = new Browser({ headers: { 'x-forwarded-for': ip(1) } });
      let page = await browser.open(world.authorizeUrl(client));
      for (let i = 1; i <= 10; ++i) {
        const answer = await logIn(page, user.email, `wrong-${i}`);
        assert.equal(answer.status, i < 10 ? 400 : 429);
        assert.match(answer.text, i < 10 ? /Wrong email or password/ : /has been blocked after multiple consecutive/);
      }
      assert.equal((await logIn(page, user.email, password)).status, 429);
      const mail = await world.mailTo(user.email, m => m.template === 'blocked_account');
      const link = mail.text.match(/https:\S+brute-force-protection-unblock\S+/)[0];
      const opened = await new Browser().open(link);
      assert.equal(opened.status, 200);
      assert.match(opened.text, new RegExp(user.email));
      assert.equal((await logIn(page, user.email, password)).status, 429, 'looking at the link changes nothing');
      const [form] = opened.forms;
      const unblocked = await opened.browser.request(link, {
        method: 'POST', body: new URLSearchParams({ ticket: new URL(link).searchParams.get('ticket') }),
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: world.origin },
      });
      assert.ok(form);
      assert.match(unblocked.text, /Account unblocked/);
      assert.equal((await logged(world, 'ublkdu')).filter(r => r.user_id === user.user_id).length, 1);
      page = await new Browser({ headers: { 'x-forwarded-for': ip(1) } }).open(world.authorizeUrl(client));
      assert.ok((await logIn(page, user.email, password)).location.startsWith(callback));
      assert.equal((await new Browser().open(link)).status, 400, 'a link works once');
    });

    it('ends with a new password', async () => {
      const user = await world.user();
      await guessWrong(10, user.email, ip(1));
      await api.users.update(user.user_id, { password: `New-${password}` });
      assert.equal((await guesser.guess(user.email, `New-${password}`, ip(1))).status, 200);
    });

    it('ends with the user', async () => {
      const user = await world.user();
      await guessWrong(10, user.email, ip(1));
      await api.users.delete(user.user_id);
      assert.deepEqual((await api.userBlocks.listByIdentifier({ identifier: user.email })).blocked_for, []);
    });
  });

  describe('suspicious addresses', () => {
    const throttled = (stage, run) => withSettings(api.attackProtection.suspiciousIpThrottling, { stage }, run);

    it('are refused after too many failed sign-ins, seen and freed by the API', async () => {
      await throttled({ 'pre-login': { max_attempts: 3, rate: 86400000 } }, async () => {
        const user = await world.user();
        await assert.rejects(api.anomaly.blocks.checkIp(ip(1)), error => error.statusCode === 404);
        for (let i = 0; i < 3; ++i) assert.equal((await guesser.guess(someone(), 'wrong', ip(1))).status, 403);
        const refused = await guesser.guess(user.email, password, ip(1));
        assert.equal(refused.status, 429);
        assert.deepEqual(refused.body, { error: 'too_many_attempts', error_description: suspicious });
        assert.equal((await guesser.guess(user.email, password, ip(2))).status, 200);
        await api.anomaly.blocks.checkIp(ip(1));
        const [record] = (await logged(world, 'limit_mu')).filter(r => r.ip === ip(1));
        assert.equal(record.connection, realm);
        const mail = await world.mailTo('help@acme.example', m => m.template === 'blocked_address');
        assert.match(mail.text, new RegExp(ip(1)));
        await api.anomaly.blocks.unblockIp(ip(1));
        await assert.rejects(api.anomaly.blocks.checkIp(ip(1)), error => error.statusCode === 404);
        assert.equal((await guesser.guess(user.email, password, ip(1))).status, 200);
      });
    });

    it('are not what a right password uses up', async () => {
      await throttled({ 'pre-login': { max_attempts: 2, rate: 86400000 } }, async () => {
        const user = await world.user();
        for (let i = 0; i < 5; ++i) assert.equal((await guesser.guess(user.email, password, ip(1))).status, 200);
      });
    });

    it('may not sign up without end', async () => {
      await throttled({ 'pre-user-registration': { max_attempts: 2, rate: 86400000 } }, async () => {
        const signUp = () => post(world.url('/dbconnections/signup'),
          { client_id: client.client_id, connection: realm, email: someone(), password }, ip(1));
        assert.equal((await signUp()).status, 200);
        assert.equal((await signUp()).status, 200);
        const refused = await signUp();
        assert.equal(refused.status, 429);
        assert.equal(refused.body.code, 'too_many_attempts');
        assert.equal(refused.body.statusCode, 429);
        await api.anomaly.blocks.checkIp(ip(1));
      });
    });

    it('may not send mails to change passwords without end', async () => {
      await throttled({ 'pre-login': { max_attempts: 2, rate: 86400000 } }, async () => {
        const user = await world.user();
        const ask = email => post(world.url('/dbconnections/change_password'), { client_id: client.client_id, connection: realm, email }, ip(1));
        assert.equal((await ask(user.email)).status, 200);
        assert.equal((await ask(someone())).status, 200);
        assert.equal((await ask(user.email)).status, 429);
        assert.equal((await ask(someone())).status, 429);
      });
    });

    it('are nobody who is on the allow list', async () => {
      await withSettings(api.attackProtection.suspiciousIpThrottling,
        { allowlist: [ip(1)], stage: { 'pre-login': { max_attempts: 1, rate: 86400000 } } }, async () => {
          for (let i = 0; i < 4; ++i) assert.equal((await guesser.guess(someone(), 'wrong', ip(1))).status, 403);
        });
    });
  });

  it('allows twenty sign-ins a minute of one account from one address', async () => {
    const user = await world.user();
    const answers = await inParallel(Array.from({ length: 24 }), 4, () => guesser.guess(user.email, password, ip(1)));
    const refused = answers.filter(a => a.status === 429);
    assert.ok(refused.length >= 3 && refused.length <= 4, `${refused.length} were refused`);
    assert.equal(refused[0].body.error, 'too_many_logins');
    assert.ok((await logged(world, 'limit_sul')).some(r => r.user_name === user.email));
  });
});

describe('attack protection in a seed', () => {
  const start = section => {
    const directory = mkdtempSync(path.join(tmpdir(), 'durward-seed-'));
    const file = path.join(directory, 'acme.yaml');
    writeFileSync(file, `attackProtection:\n${section}`);
    return startProcess({ seeds: [file], args: ['--ephemeral'] }).finally(() => rmSync(directory, { recursive: true, force: true }));
  };
  it('is set as the Deploy CLI writes it', async () => {
    const world = new World(await start('  bruteForceProtection: {max_attempts: 4, shields: [block]}\n  captcha: {active_provider_id: arkose}\n' +
      '  suspiciousIpThrottling: {stage: {pre-login: {max_attempts: 5, rate: 34560}}}\n'));
    const { attackProtection: settings } = world.management;
    assert.equal((await settings.bruteForceProtection.get()).max_attempts, 4);
    assert.equal((await settings.captcha.get()).active_provider_id, 'arkose');
    assert.equal((await settings.suspiciousIpThrottling.get()).stage['pre-login'].max_attempts, 5);
    await world.close();
  });
  it('with a setting nobody knows, or a value that does not fit, is refused with its line', async () => {
    await assert.rejects(start('  firewall: {enabled: true}\n'), /acme\.yaml:2: attackProtection\.firewall is not a setting/);
    await assert.rejects(start('  bruteForceProtection: {max_attempts: 0}\n'), /acme\.yaml:\d: .*less than minimum 1/);
  });
});

describe('blocks', embeddedOnly('kills one process on a SQLite file'), () => {
  it('outlive the process', async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'durward-guard-'));
    try {
      let server = await startProcess({ args: ['--data', data, ...trusting] });
      let world = new World(server);
      const user = await world.user(), client = await world.client();
      const port = new URL(world.origin).port;
      for (let i = 0; i < 10; ++i) await new Guesser(world, client).guess(user.email, 'wrong', '198.51.100.1');
      await server.stop('SIGKILL');
      server = await startProcess({ seeds: [], args: ['--data', data, '--listen', `127.0.0.1:${port}`, ...trusting] });
      world = new World(server, { ...world.tenant });
      const guesser = new Guesser(world, client);
      assert.equal((await guesser.guess(user.email, password, '198.51.100.1')).code, 'too_many_attempts');
      assert.equal((await guesser.guess(user.email, password, '198.51.100.2')).status, 200);
      await server.stop();
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
