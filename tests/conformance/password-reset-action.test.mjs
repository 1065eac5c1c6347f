// The trigger password-reset-post-challenge: a tenant's actions have a say after the link of a reset was opened and before the new
// password. Made with the stock SDK, met by a browser.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Browser } from '../support/browser.mjs';
import { Scripts } from '../support/customer.mjs';
import { internalKey, notNice } from '../support/scripts.mjs';
import { startProcess } from '../support/server.mjs';
import { World, claims, createWorld, password } from '../support/world.mjs';

const trigger = 'password-reset-post-challenge', connection = 'Username-Password-Authentication';
const next = 'Another-Horse-8';
const action = body => `exports.onExecutePostChallenge = async (event, api) => { ${body} };`;
const choose = page => page.submit({ 'password-reset': next, 're-enter-password': next }, { follow: false });
const asksPassword = page => page.forms.some(f => f.fields.some(x => x.name === 'password-reset'));
const post = (browser, url, fields) => browser.request(url, { method: 'POST', body: new URLSearchParams(fields),
  headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(url).origin } });

async function lastLog(world, type) {
  const { data } = await world.management.logs.list({ q: `type:${type}`, sort: 'date:-1', per_page: 1 });
  return data[0];
}
// Which password opens the account now.
async function opens(world, client, user, secret) {
  const { status } = await world.token({ grant_type: 'password', username: user.email, password: secret, client_id: client.client_id,
    client_secret: client.client_secret, scope: 'openid' });
  return status === 200;
}
async function linkFor(world, user, more = {}) {
  const { ticket } = await world.management.tickets.changePassword({ user_id: user.user_id, ...more });
  return ticket;
}

describe('actions in a password reset', () => {
  let world, scripts, client, user, url, browser;
  before(async () => {
    world = await createWorld();
    scripts = new Scripts(world);
    client = await world.client();
  });
  after(() => world?.close());
  beforeEach(async () => {
    await scripts.clear();
    user = await world.user();
    url = await linkFor(world, user, { client_id: client.client_id, result_url: 'https://shop.acme.example/done' });
    browser = new Browser();
  });

  const begin = async (link = url) => (await browser.open(link)).submit({}, { follow: false });
  const form = async page => browser.open(page.location);
  const changed = () => opens(world, client, user, next);

  it('are not in the way where none is bound', async () => {
    const page = await browser.open(url);
    assert.ok(asksPassword(page));
    const done = await choose(page);
    assert.match(done.location, /^https:\/\/shop\.acme\.example\/done\?.*success=true/);
    assert.ok(await changed());
  });

  it('run after the button, not for whoever only follows the link, and let the person choose', async () => {
    const sure = await scripts.bind(trigger, action(`console.log('asked about ' + event.user.email + ' at ' + event.client.name + ' ' + [event.connection.name,
      event.request.method, event.authentication.methods[0].name, event.stats.logins_count, event.transaction.locale, event.tenant.id, event.secrets.COLOR,
      api.redirect.canRedirect()].join());`), { secrets: { COLOR: 'teal' } });
    const opened = await browser.open(url);
    assert.equal(opened.status, 200);
    assert.ok(!asksPassword(opened));
    const allowed = await opened.submit({}, { follow: false });
    assert.equal(allowed.status, 303);
    const page = await form(allowed);
    assert.ok(asksPassword(page));
    assert.ok(asksPassword(await browser.open(page.url)), 'the page may be loaded again');
    const done = await choose(page);
    assert.match(done.location, /^https:\/\/shop\.acme\.example\/done\?/);
    assert.ok(await changed());
    await scripts.said(`asked about ${user.email} at ${client.name} ${connection},POST,email,0,en,acme,teal,true`);
    assert.ok(sure.id);
  });

  it('deny with their own words; the tenant reads what ran, and the link may be tried again', async () => {
    await scripts.bind(trigger, action(`if (!event.user.app_metadata.trusted) api.access.deny('Please call us first');`), { name: 'careful' });
    const denied = await begin();
    assert.equal(denied.status, 403);
    assert.match(denied.text, /Please call us first/);
    const log = await lastLog(world, 'fcp');
    assert.equal(log.description, 'Please call us first');
    assert.equal(log.user_id, user.user_id);
    const execution = await world.management.actions.executions.get(log.details.trace.scripts.execution);
    assert.equal(execution.trigger_id, trigger);
    assert.equal(execution.status, 'final');
    assert.deepEqual(execution.results.map(r => r.action_name), ['careful']);
    await world.management.users.update(user.user_id, { app_metadata: { trusted: true } });
    await choose(await form(await begin()));
    assert.ok(await changed());
  });

  it('cannot be posted past: not without a pass, with a forged one, with that of another browser or of another link', async () => {
    await scripts.bind(trigger, action(`if (event.user.user_metadata.closed) api.access.deny('closed');`));
    const fields = pass => ({ 'password-reset': next, 're-enter-password': next, ...(pass && { reset_pass: pass }) });
    const pass = new URL((await begin()).location).searchParams.get('reset_pass');
    await world.management.users.update(user.user_id, { user_metadata: { closed: true } });
    const other = new Browser();
    other.store(other.jar(url), `__Host-durward-browser=${'A'.repeat(43)}; Path=/`);
    for (const [who, link, what] of [[browser, url, undefined], [browser, url, 'forged'], [other, url, pass],
      [browser, await linkFor(world, user), pass]]) {
      const page = await post(who, link, fields(what));
      assert.equal(page.status, 403, what);
      assert.match(page.text, /closed/);
    }
    assert.ok(!await changed());
    assert.equal((await post(browser, url, fields(pass))).status, 302, 'the leave that was given to this browser');
    assert.ok(await changed());
  });

  it('are asked also by a form that was shown before they were bound', async () => {
    const page = await browser.open(url);
    await scripts.bind(trigger, action(`api.access.deny('since a moment ago');`));
    const denied = await choose(page);
    assert.equal(denied.status, 403);
    assert.match(denied.text, /since a moment ago/);
  });

  it('say where the person goes in the end, and keep things in their cache', async () => {
    await scripts.bind(trigger, action(`const n = Number(api.cache.get('n')?.value ?? 0) + 1;
      api.cache.set('n', String(n), { ttl: 60000 });
      api.transaction.setResultUrl('https://shop.acme.example/welcome?n=' + n);`));
    for (const n of [1, 2]) {
      const done = await choose(await form(await begin(await linkFor(world, user))));
      assert.match(done.location, new RegExp(`^https://shop\\.acme\\.example/welcome\\?n=${n}&`));
    }
  });

  it('ask for a factor that nobody has: the password stays', async () => {
    await scripts.bind(trigger, action(`api.authentication.challengeWith({ type: 'otp' });`));
    assert.equal((await begin()).status, 403);
    assert.ok(!await changed());
  });

  it('that throw keep the password, and say why to the tenant only; those that fail open are passed over', async () => {
    await scripts.bind(trigger, action(`throw new Error('hunter2');`), { failure_policy: 'open' });
    await choose(await form(await begin()));
    assert.ok(await changed());
    await scripts.bind(trigger, action(`throw new Error('hunter3');`), { name: 'broken' });
    url = await linkFor(world, user);
    const denied = await begin();
    assert.equal(denied.status, 403);
    assert.doesNotMatch(denied.text, /hunter/);
    const log = await lastLog(world, 'fcp');
    assert.match(log.description, /broken.*hunter3/);
    assert.equal((await world.management.actions.executions.get(log.details.trace.scripts.execution)).status, 'partial');
  });

  it('have a say for a link that was asked for by mail, and for a password that came with its ticket', async () => {
    await scripts.bind(trigger, action(`if (event.user.user_metadata.closed) api.access.deny('closed');`));
    await fetch(world.url('/dbconnections/change_password'), { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: client.client_id, email: user.email, connection }) });
    const mail = await world.mailTo(user.email, m => m.template === 'reset_email');
    const [mailed] = mail.text.match(/https:\S+\/u\/reset-verify\?ticket=\S+/);
    await world.management.users.update(user.user_id, { user_metadata: { closed: true } });
    assert.equal((await begin(mailed)).status, 403);
    const chosen = await world.api('POST', '/tickets/password-change', { user_id: user.user_id, new_password: next });
    assert.equal((await begin(chosen.body.ticket)).status, 403);
    assert.ok(!await changed());
    await world.management.users.update(user.user_id, { user_metadata: { closed: false } });
    assert.equal((await begin(chosen.body.ticket)).status, 200, 'one button is enough');
    assert.ok(await changed());
  });

  describe('that send the person away', () => {
    const secret = 's'.repeat(32);
    const sends = `exports.onExecutePostChallenge = async (event, api) => {
      const token = api.redirect.encodeToken({ secret: event.secrets.KEY, payload: { why: 'reset' }, expiresInSeconds: 60 });
      api.transaction.setResultUrl('https://shop.acme.example/before');
      api.redirect.sendUserTo('https://proof.acme.example/', { query: { session_token: token } });
    };
    exports.onContinuePostChallenge = async (event, api) => {
      const { passed } = api.redirect.validateToken({ secret: event.secrets.KEY, tokenParameterName: 'result' });
      if (!passed) api.access.deny('not proven');
    };`;
    const jwt = payload => {
      const part = x => Buffer.from(JSON.stringify(x)).toString('base64url');
      const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    };
    let away, state;
    beforeEach(async () => {
      await scripts.bind(trigger, sends, { secrets: { KEY: secret } });
      await scripts.bind(trigger, action(`if (event.user.user_metadata.late) api.access.deny('too late');`));
      away = new URL((await begin()).location);
      state = away.searchParams.get('state');
    });
    const proof = passed => jwt({ passed, state, exp: Math.floor(Date.now() / 1000) + 60 });
    const back = (more, who = browser) => who.request(world.url(`/continue?${new URLSearchParams({ state, ...more })}`));

    it('go on where they were when the person is back', async () => {
      assert.equal(away.origin, 'https://proof.acme.example');
      const sent = claims(away.searchParams.get('session_token'));
      assert.deepEqual([sent.why, sent.sub], ['reset', user.user_id]);
      const page = await form(await back({ result: proof(true) }));
      assert.ok(asksPassword(page));
      assert.match((await choose(page)).location, /^https:\/\/shop\.acme\.example\/before\?/);
      assert.ok(await changed());
      assert.equal((await back({ result: proof(true) })).status, 400, 'the link is used');
    });

    it('also by a form of the other site, which brings no cookie', async () => {
      const foreign = await post(new Browser(), world.url(`/continue?${new URLSearchParams({ state })}`), { result: proof(true) });
      assert.equal(foreign.status, 303);
      assert.ok(asksPassword(await form(await browser.request(foreign.location))));
    });

    it('refuse who did not prove it, who was denied later, and who is another browser', async () => {
      const failed = await back({ result: proof(false) });
      assert.equal(failed.status, 403);
      assert.match(failed.text, /not proven/);
      assert.equal((await back({ result: proof(true) }, new Browser())).status, 400);
      assert.equal((await browser.request(world.url('/continue?state=forged'))).status, 400);
      await world.management.users.update(user.user_id, { user_metadata: { late: true } });
      const late = await back({ result: proof(true) });
      assert.equal(late.status, 403);
      assert.match(late.text, /too late/, 'the later actions run');
      assert.ok(!await changed());
    });

    it('are not passed by posting meanwhile', async () => {
      const posted = await post(browser, url, { 'password-reset': next, 're-enter-password': next, reset_pass: state });
      assert.equal(new URL(posted.location).origin, 'https://proof.acme.example');
      assert.ok(!await changed());
    });
  });
});

// The role that ran the code is gone when the person comes.
for (const policy of ['closed', 'open']) it(`a reset without anybody to run its actions, whose binding fails ${policy}`, async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'durward-role-'));
  const key = ['--internal-key', internalKey];
  const role = await startProcess({ seeds: [], args: ['--data', data, '--role', 'extensions', '--internal-listen', '127.0.0.1:0', ...key, ...notNice] });
  const rest = await startProcess({ ephemeral: true, args: [...key, '--extensions', role.ready.internal_url, '--internal-ca', role.ready.ca_file] });
  try {
    const world = new World(rest), client = await world.client(), user = await world.user(), browser = new Browser();
    await new Scripts(world).bind(trigger, action(''), { failure_policy: policy });
    const opened = await browser.open(await linkFor(world, user));
    await role.stop('SIGKILL');
    const answer = await opened.submit({}, { follow: false });
    if (policy === 'open') {
      await choose(await browser.open(answer.location));
    } else {
      assert.equal(answer.status, 503);
      assert.match(answer.header('retry-after'), /^\d+$/);
      assert.equal(answer.forms.length, 1, 'the button is still there');
    }
    assert.equal(await opens(world, client, user, policy === 'open' ? next : password), true);
  } finally {
    await rest.stop();
    await role.stop();
    rmSync(data, { recursive: true, force: true });
  }
});
