// Bot detection as people and stock clients meet it: chromium with and without scripts, the SDK, a captcha provider of our own.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AuthenticationClient } from 'auth0';
import { listen } from '../support/app.mjs';
import { Browser } from '../support/browser.mjs';
import { openChromium } from '../support/chromium.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { createWorld, password } from '../support/world.mjs';

const connection = 'Username-Password-Authentication';
const settings = (world, name, body) => world.api('PATCH', `/attack-protection/${name}`, body).then(reply => assert.equal(reply.status, 200));
const ask = (world, policy, more = {}) => settings(world, 'bot-detection', {
  challenge_password_policy: policy, challenge_password_reset_policy: policy, ...more });
const newestLog = async (world, type) => {
  for (let tries = 0; tries < 100; ++tries) {
    const { body } = await world.api('GET', '/logs?per_page=100&sort=date:-1');
    const found = body.find(record => record.type === type);
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`no log record ${type}`);
};
const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const sumIn = text => {
  const [, a, b] = text.match(/What is (\w+) plus (\w+)\?/);
  return String(words.indexOf(a) + words.indexOf(b));
};
// What a program does that wants in: the proof in JavaScript, by the server's own rule.
const solve = (seed, bits) => {
  for (let n = 0; ; ++n) {
    const counter = n.toString(16).padStart(8, '0');
    if (Math.clz32(createHash('sha256').update(seed + counter).digest().readInt32BE(0)) >= bits) return counter;
  }
};

describe('bot detection on the pages', () => {
  let world, app, client;
  before(async () => {
    world = await createWorld();
    app = await listen((request, response) => response.end(`<!doctype html><title>app</title>${request.url}`));
    client = await world.client({ callbacks: [`${app.origin}/callback`] });
    await ask(world, 'always');
  });
  after(async () => {
    await app?.close();
    await world?.close();
  });
  const start = (page, parameters = {}) =>
    page.goto(world.authorizeUrl(client, { redirect_uri: `${app.origin}/callback`, prompt: 'login', ...parameters }));
  const arrives = (page, action) => Promise.all([page.waitForURL(/\/callback/), action()]);
  const press = page => page.click('form button[type=submit]');

  it('a browser with scripts solves the proof by itself', async () => {
    const chromium = await openChromium();
    const user = await world.user();
    const page = await chromium.newPage();
    const complaints = [];
    page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', error => complaints.push(String(error)));
    await start(page);
    assert.equal(await page.locator('#written').count(), 0, 'the question is for browsers without scripts');
    const begin = Date.now();
    await page.waitForFunction(() => document.querySelector('input[name=captcha]'));
    console.log(`# proof of 16 bits solved in chromium after ${Date.now() - begin} ms`);
    await page.fill('input[name=username]', user.email);
    await page.fill('input[name=password]', password);
    await arrives(page, () => press(page));
    assert.match(page.url(), /code=/);
    assert.deepEqual(complaints, []);
    assert.equal((await newestLog(world, 'pla')).details.outcome, 'The challenge was answered.');
    await chromium.close();
  });

  it('a submit before the proof is found waits for it', async () => {
    const chromium = await openChromium();
    const user = await world.user();
    const page = await chromium.newPage();
    await start(page);
    await page.evaluate(({ name, secret }) => {
      document.querySelector('input[name=username]').value = name;
      document.querySelector('input[name=password]').value = secret;
      document.querySelector('form button[type=submit]').click();
    }, { name: user.email, secret: password });
    await page.waitForURL(/\/callback/);
    await chromium.close();
  });

  it('a browser without scripts answers a question', async () => {
    const chromium = await openChromium({ javaScriptEnabled: false });
    const user = await world.user();
    const page = await chromium.newPage();
    await start(page);
    await page.fill('input[name=username]', user.email);
    await page.fill('input[name=password]', password);
    await page.fill('input[name=captcha]', '99');
    await press(page);
    assert.match(await page.textContent('.error'), /very fast|not right/);
    const shown = Date.now();
    await page.fill('input[name=captcha]', sumIn(await page.textContent('#written')));
    await page.fill('input[name=password]', password);
    // The server's own clock must say that three seconds went by; a person reads meanwhile.
    await new Promise(resolve => setTimeout(resolve, Math.max(0, 3050 - (Date.now() - shown))));
    await arrives(page, () => press(page));
    assert.match(page.url(), /code=/);
    await chromium.close();
  });

  it('sign-up and password reset carry it too', async () => {
    const chromium = await openChromium();
    const page = await chromium.newPage();
    await start(page, { screen_hint: 'signup' });
    await page.fill('input[name=email]', 'robot@acme.example');
    await page.fill('input[name=password]', password);
    await arrives(page, () => press(page));
    await start(page);
    await page.click('a[href*="reset-password"]');
    await page.fill('input[name=email]', 'robot@acme.example');
    await press(page);
    assert.ok(await world.mailTo('robot@acme.example', m => m.template === 'reset_email'));
    await chromium.close();
  });

  it('replayed, foreign and missing answers are refused, each with its log record', async () => {
    const user = await world.user();
    const take = page => {
      const [, seed, bits, token] = page.text.match(/data-seed="(\w+)" data-bits="(\d+)" data-token="([^"]+)"/);
      return { captcha: solve(seed, Number(bits)), captcha_token: token };
    };
    const open = () => new Browser({ headers: { 'accept-language': 'en' } }).open(world.authorizeUrl(client, { redirect_uri: `${app.origin}/callback` }));
    const post = (page, fields) => page.submit({ username: user.email, password: 'wrong', ...fields });
    const page = await open(), other = await open();
    const answer = take(page);
    // `captcha` and its token are fields of the form without scripts; a script sends its own in their place.
    assert.match((await post(page, answer)).text, /Wrong email or password/);
    assert.match((await post(page, answer)).text, /used already/);
    assert.equal((await newestLog(world, 'f')).description, 'The challenge had been answered before.');
    assert.match((await post(page, take(other))).text, /not right/);
    assert.equal((await newestLog(world, 'f')).description, 'The challenge was made for another form, browser or tenant.');
    assert.match((await post(page, { captcha: '' })).text, /Please confirm/);
  });

  it('the page stays small and the script with it', async () => {
    const page = await new Browser().open(world.authorizeUrl(client, { redirect_uri: `${app.origin}/callback` }));
    const url = new URL(page.text.match(/src="(\/u\/challenge\.js[^"]*)"/)[1], page.url);
    const script = await (await fetch(url)).text();
    const sizes = [gzipSync(page.text).length, gzipSync(script).length];
    console.log(`# login page with a challenge ${sizes[0]} bytes gzip, its script ${sizes[1]}`);
    assert.ok(sizes[0] + sizes[1] <= 10 * 1024, String(sizes));
  });
});

describe('bot detection and clients that show no page', () => {
  let world, client, auth;
  before(async () => {
    world = await createWorld();
    client = await world.client();
    auth = new AuthenticationClient({ domain: world.domain, clientId: client.client_id, clientSecret: client.client_secret });
    await ask(world, 'always');
  });
  after(() => world?.close());
  const challenge = async (path, body) => (await fetch(world.url(path), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json();
  const grant = (user, more = {}) => world.token({
    grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm: connection, client_id: client.client_id,
    client_secret: client.client_secret, username: user.email, password, ...more,
  });

  it('a sign-up by the SDK is refused with requires_verification and invalid_captcha', async () => {
    const codeOf = more => auth.database.signUp({ connection, email: 'sdk@acme.example', password, ...more })
      .then(() => 'created', error => JSON.parse(error.body).code);
    assert.equal(await codeOf({}), 'requires_verification');
    const told = await challenge('/dbconnections/signup/challenge', { state: 'abc' });
    assert.deepEqual([told.required, told.provider, told.type], [true, 'auth0', 'code']);
    assert.match(told.image, /^data:image\/svg\+xml;base64,/);
    assert.equal(await codeOf({ captcha: 'wrong', state: 'abc' }), 'invalid_captcha');
    assert.equal(await codeOf({ captcha: solve(told.proof_of_work.seed, told.proof_of_work.bits),
      captcha_token: told.proof_of_work.token, state: 'other' }), 'invalid_captcha');
    assert.equal((await newestLog(world, 'fs')).description, 'The challenge was made for another form, browser or tenant.');
    const again = await challenge('/dbconnections/signup/challenge', { state: 'abc' });
    assert.equal(await codeOf({ captcha: solve(again.proof_of_work.seed, again.proof_of_work.bits),
      captcha_token: again.proof_of_work.token, state: 'abc' }), 'created');
  });

  it('the password grant is 401 requires_verification, and an answered proof lets it in once', async () => {
    const user = await world.user();
    const refused = await grant(user);
    assert.deepEqual([refused.status, refused.body.error], [401, 'requires_verification']);
    const { proof_of_work: work } = await challenge('/usernamepassword/challenge', {});
    const answer = { captcha: solve(work.seed, work.bits), captcha_token: work.token };
    assert.equal((await grant(user, answer)).status, 200);
    assert.deepEqual([(await grant(user, answer)).status], [401]);
  });

  it('with monitoring nothing is asked and everything is told', async () => {
    await ask(world, 'always', { monitoring_mode_enabled: true });
    assert.equal((await challenge('/usernamepassword/challenge', {})).required, false);
    assert.equal((await grant(await world.user())).status, 200);
    assert.equal((await newestLog(world, 'pla')).details.challenged, false);
    await ask(world, 'always', { monitoring_mode_enabled: false });
  });

  it('when_risky asks after many wrong passwords of an address, and the allow list is not asked', async () => {
    await ask(world, 'when_risky', { bot_detection_level: 'high' });
    const user = await world.user();
    for (let i = 0; i < 10; ++i) await grant({ email: `nobody${i}@acme.example` });
    assert.equal((await grant(user)).body.error, 'requires_verification');
    await ask(world, 'when_risky', { allowlist: ['127.0.0.0/8', '::1/128'] });
    assert.equal((await grant(user)).status, 200);
  });
});

describe('a captcha provider', embeddedOnly('points one server at a provider of the test'), () => {
  let folder, provider, world, client, asked, reply;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'durward-captcha-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
    asked = [];
    provider = https.createServer({ key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) }, (request, response) => {
      let body = '';
      request.on('data', chunk => { body += chunk; });
      request.on('end', () => {
        asked.push({ path: request.url, fields: new URLSearchParams(body) });
        response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
      });
    });
    await new Promise(resolve => provider.listen(0, '127.0.0.1', resolve));
    world = await createWorld({
      args: ['--captcha-verify', `hcaptcha=https://localhost:${provider.address().port}/siteverify`],
      env: { SSL_CERT_FILE: join(folder, 'cert.pem') },
    });
    client = await world.client();
    await ask(world, 'always');
    await settings(world, 'captcha', { active_provider_id: 'hcaptcha', hcaptcha: { site_key: 'site', secret: 'shh' } });
  });
  after(async () => {
    await world?.close();
    if (provider) await new Promise(resolve => { provider.close(resolve); provider.closeAllConnections(); });
    rmSync(folder, { recursive: true, force: true });
  });
  const open = () => new Browser().open(world.authorizeUrl(client));
  const signIn = async (answer, user) => {
    const page = await open();
    const body = new URLSearchParams({ username: user.email, password, 'h-captcha-response': answer, action: 'default' });
    return page.browser.request(page.url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: world.origin } });
  };

  it('has its script and its origins on the page of the tenant that chose it', async () => {
    const page = await open();
    assert.match(page.text, /src="https:\/\/js\.hcaptcha\.com\/1\/api\.js"/);
    assert.match(page.header('content-security-policy'), /script-src 'nonce-[^']+' https:\/\/hcaptcha\.com/);
    assert.doesNotMatch(page.text, /shh/);
  });

  it('is asked with the secret, over TLS, and its yes signs in', async () => {
    reply = { status: 200, body: { success: true } };
    const page = await signIn('good', await world.user());
    assert.match(page.location, /code=/);
    assert.equal(asked.at(-1).path, '/siteverify');
    assert.deepEqual(Object.fromEntries(asked.at(-1).fields), { secret: 'shh', response: 'good', remoteip: '127.0.0.1', sitekey: 'site' });
  });

  it('that says no, or is broken, does not sign in', async () => {
    reply = { status: 200, body: { success: false } };
    assert.match((await signIn('bad', await world.user())).text, /not right/);
    assert.equal((await newestLog(world, 'f')).description, 'The captcha provider refused the answer.');
    reply = { status: 500, body: {} };
    assert.match((await signIn('good', await world.user())).text, /busy/);
  });
});
