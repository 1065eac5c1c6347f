// The load of the fault suite: browsers that sign in with a password and their application that exchanges, refreshes and asks
// /userinfo; programs that get tokens; operators that write; and a ledger of everything the server said it had done, which is
// checked after each fault. Every answer is judged: as expected, a polite refusal, or wrong.
import { randomBytes } from 'node:crypto';
import https from 'node:https';
import tls from 'node:tls';
import { parse } from '../support/html.mjs';
import { callback, claims, password } from '../support/world.mjs';

export const hang = 20_000; // a client that waited longer was left hanging

const form = 'application/x-www-form-urlencoded', json = 'application/json';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
export const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

// What a server that cannot answer says, in the format of the face; everything else is a wrong answer.
function isPolite(path, answer) {
  if (answer.status === 302) return new URL(answer.location, 'https://x').searchParams.get('error') === 'temporarily_unavailable';
  if (answer.status !== 503 || !answer.headers['retry-after']) return false;
  if (/^text\/(html|plain)/.test(answer.headers['content-type'])) return !path.startsWith('/api/') && !path.startsWith('/oauth/');
  const body = JSON.parse(answer.text);
  return path.startsWith('/api/v2/') ? body.statusCode === 503 && body.error === 'Service Unavailable' && !!body.message
    : !!body.error && !!body.error_description;
}
// The proxy in front speaks for a process that died with a request in its hands.
const isProxys = answer => (answer.status === 502 || answer.status === 504) && answer.headers.server?.startsWith('nginx');

class Refused extends Error {}

export class Load {
  constructor(world) {
    this.world = world;
    this.agent = new https.Agent({ keepAlive: true, ca: tls.getCACertificates('default') });
    this.records = [];
    this.ledger = newLedger();
    this.stopped = false;
  }

  // One request, recorded under `kind`. Throws Refused unless `fits(answer)`.
  async ask(kind, method, path, { headers = {}, body, jar, fits = a => a.status === 200 } = {}) {
    const record = { kind, step: `${method} ${path.split('?')[0]}`, begin: performance.now() };
    const cookie = jar && jar.size ? { cookie: [...jar].map(([n, v]) => `${n}=${v}`).join('; ') } : {};
    let answer;
    try {
      answer = await this.#send(method, path, { ...headers, ...cookie }, body);
      if (jar) for (const line of answer.headers['set-cookie'] ?? []) store(jar, line);
      if (fits(answer)) record.outcome = 'ok';
      else if (isPolite(path, answer)) Object.assign(record, { outcome: 'refused', detail: answer.text.slice(0, 200) });
      else if (isProxys(answer)) record.outcome = 'proxy';
      else Object.assign(record, { outcome: 'wrong', detail: `${answer.status} ${answer.location ?? ''} ${answer.text.slice(0, 300)}` });
    } catch (error) {
      Object.assign(record, { outcome: 'wrong', detail: error.message });
    }
    record.end = performance.now();
    this.records.push(record);
    if (record.outcome !== 'ok') throw new Refused(`${record.step}: ${record.outcome} ${record.detail ?? ''}`);
    return answer;
  }
  #send(method, path, headers, body) {
    return new Promise((resolve, reject) => {
      const request = https.request(this.world.origin + path, { method, agent: this.agent,
        headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) } }, response => {
        const chunks = [];
        response.on('data', chunk => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode, headers: response.headers, location: response.headers.location,
            text: Buffer.concat(chunks).toString() });
        });
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${hang} ms`)), hang);
      request.on('error', error => { clearTimeout(timer); reject(error); });
      request.end(body);
    });
  }
  token(kind, parameters) {
    return this.ask(kind, 'POST', '/oauth/token', { headers: { 'content-type': form }, body: String(new URLSearchParams(parameters)) })
      .then(answer => JSON.parse(answer.text));
  }
  api(kind, method, path, body, fits) {
    return this.ask(kind, method, `/api/v2${path}`, { fits, body: body && JSON.stringify(body),
      headers: { authorization: `Bearer ${this.apiToken}`, ...(body && { 'content-type': json }) } })
      .then(answer => answer.text && JSON.parse(answer.text));
  }

  // ---- what the loops do

  async begin() {
    const { world } = this;
    this.apiToken = await world.managementToken();
    this.client = await world.client();
    this.program = await world.client({ app_type: 'non_interactive', grant_types: ['client_credentials'] });
    await world.management.clientGrants.create({ client_id: this.program.client_id,
      audience: 'https://orders.acme.example/', scope: ['read:orders'] });
    this.users = await Promise.all(Array.from({ length: 4 }, () => world.user()));
    await this.#known(() => fetch(world.authorizeUrl(this.client), { redirect: 'manual' }).then(r => r.status === 302));
    await this.#known(() => this.program_token('warm').then(() => true, () => false));
    this.jwks = (await this.ask('warm', 'GET', '/.well-known/jwks.json')).text;
    const loop = async (work, think) => {
      while (!this.stopped) {
        await work().catch(error => { if (!(error instanceof Refused)) throw error; });
        await pause(think);
      }
    };
    this.loops = [
      ...this.users.map(user => loop(() => this.sign_in(user), 40)),
      loop(() => this.program_token('token'), 60), loop(() => this.program_token('token'), 60),
      loop(() => this.metadata(), 40), loop(() => this.silent(), 60),
      loop(() => this.operate(), 60), loop(() => this.configure(), 80), loop(() => this.withdraw(), 150),
    ];
    await Promise.race([...this.loops, this.#known(() => this.ledger.sessions.length > 3)]);
    this.records = [];
  }
  async #known(ask) { // both authentication processes, so more than once in a row
    for (let row = 0, end = performance.now() + 15_000; row < 6;) {
      row = await ask() ? row + 1 : 0;
      if (performance.now() > end) throw new Error('the fleet does not learn what the load needs');
      await pause(20);
    }
  }
  async end() {
    this.stopped = true;
    await Promise.all(this.loops);
    this.agent.destroy();
  }

  // A browser and its application.
  async sign_in(user) {
    const { client_id, client_secret } = this.client;
    const jar = new Map();
    const code = await this.code(user, jar);
    const credentials = { client_id, client_secret };
    const tokens = await this.token('login', { ...credentials, grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier });
    this.expect('login', claims(tokens.id_token).sub === user.user_id, 'the ID token is of somebody else');
    this.ledger.sessions.push({ jar, user });
    this.ledger.tokens.push(tokens.refresh_token);
    this.ledger.codes.push(code);
    const info = await this.ask('userinfo', 'GET', '/userinfo', { headers: { authorization: `Bearer ${tokens.access_token}` } });
    this.expect('userinfo', JSON.parse(info.text).sub === user.user_id, 'userinfo is of somebody else');
    await this.token('refresh', { ...credentials, grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  }
  async code(user, jar) {
    let answer = await this.ask('login', 'GET', this.authorize({ scope: 'openid profile email offline_access' }),
      { jar, fits: a => a.status === 302 && a.location.includes('/u/login') });
    const page = relative(answer.location);
    answer = await this.ask('login', 'GET', page, { jar });
    const body = new URLSearchParams();
    for (const field of parse(answer.text).forms.flatMap(f => f.fields)) if (field.name && !field.submits) body.set(field.name, field.value);
    body.set('username', user.email);
    body.set('password', password);
    body.set('action', 'default');
    answer = await this.ask('login', 'POST', page, { jar, body: String(body),
      headers: { 'content-type': form, origin: this.world.origin }, fits: a => a.status === 302 && !a.location.includes('error=') });
    for (let hops = 0; hops < 4 && !answer.location.startsWith(callback); ++hops)
      answer = await this.ask('login', 'GET', relative(answer.location), { jar, fits: a => a.status === 302 && !a.location.includes('error=') });
    return new URL(answer.location).searchParams.get('code');
  }
  authorize(more) {
    return `/authorize?${new URLSearchParams({ client_id: this.client.client_id, response_type: 'code', redirect_uri: callback,
      scope: 'openid', state: 'xyz', code_challenge: challenge, code_challenge_method: 'S256', ...more })}`;
  }
  // A live session signs in without a page; one that ended never does.
  async silent(session = this.ledger.sessions.at(-1), kind = 'silent') {
    if (!session) return;
    await this.ask(kind, 'GET', this.authorize({ prompt: 'none' }), { jar: new Map(session.jar),
      fits: a => a.status === 302 && new URL(a.location).searchParams.has('code') });
  }
  async program_token(kind) {
    const { client_id, client_secret } = this.program;
    const { access_token } = await this.token(kind, { grant_type: 'client_credentials', client_id, client_secret,
      audience: 'https://orders.acme.example/' });
    this.expect(kind, claims(access_token).sub === `${client_id}@clients`, 'the token is of another client');
  }
  async metadata() {
    const { text } = await this.ask('metadata', 'GET', '/.well-known/jwks.json');
    this.expect('metadata', text === this.jwks, 'other keys');
    await this.ask('metadata', 'GET', '/.well-known/openid-configuration');
  }
  // An operator makes a user, who is mailed a link.
  async operate() {
    const email = `${randomBytes(6).toString('hex')}@acme.example`;
    const user = await this.api('management', 'POST', '/users',
      { connection: 'Username-Password-Authentication', email, password, email_verified: true }, a => a.status === 201);
    this.ledger.users.push(user.user_id);
    await this.ask('mail', 'POST', '/dbconnections/change_password', { headers: { 'content-type': json },
      body: JSON.stringify({ client_id: this.client.client_id, email, connection: 'Username-Password-Authentication' }) });
    this.ledger.mails.push(email);
  }
  // An operator configures: the last acknowledged value, or one whose fate was left open after it, is what must be there.
  async configure() {
    const value = `v${++this.ledger.version}`;
    const { written } = this.ledger;
    written.open.push(value);
    await this.api('management', 'PATCH', `/clients/${this.program.client_id}`, { description: value });
    Object.assign(written, { acknowledged: value, open: [] });
  }
  // A person signs out, an application revokes: neither may come back.
  async withdraw() {
    const { ledger } = this, { client_id, client_secret } = this.client;
    if (ledger.sessions.length < 4) return;
    const session = ledger.sessions.shift(), token = ledger.tokens.shift();
    await this.ask('logout', 'GET', `/v2/logout?client_id=${client_id}`, { jar: new Map(session.jar), fits: a => a.status === 302 || a.status === 200 });
    ledger.ended.push(session);
    await this.ask('logout', 'POST', '/oauth/revoke', { headers: { 'content-type': form },
      body: String(new URLSearchParams({ client_id, client_secret, token })) });
    ledger.revoked.push(token);
  }
  expect(kind, condition, detail) {
    if (condition) return;
    this.records.push({ kind, step: 'content', begin: performance.now(), end: performance.now(), outcome: 'wrong', detail });
  }

  // ---- the ledger, checked: what is missing of what was acknowledged since the last time, in words; and the mails that were
  // promised, which may take their time.
  async lost() {
    const { ledger } = this, lost = [], { client_id, client_secret } = this.client;
    // The newest stay with the load, which is still using them; a code that is shown again takes its tokens with it.
    const kept = { sessions: ledger.sessions.splice(-6), tokens: ledger.tokens.splice(-6), codes: ledger.codes.splice(-6) };
    this.ledger = { ...newLedger(), ...kept, version: ledger.version, written: ledger.written };
    const check = async (what, list, test) => inParallel(list, 4, async item => { if (!await test(item)) lost.push(what); });
    const says = (promise, ...statuses) => promise.then(r => statuses.includes(r.status));
    const refresh = token => this.world.token({ grant_type: 'refresh_token', client_id, client_secret, refresh_token: token });
    const silently = ({ jar }) => this.#send('GET', this.authorize({ prompt: 'none' }), { cookie: [...jar].map(c => c.join('=')).join('; ') })
      .then(a => new URL(a.location).searchParams);
    await check('a user', ledger.users, id => says(this.world.api('GET', `/users/${encodeURIComponent(id)}`), 200));
    await check('a session', ledger.sessions, async s => (await silently(s)).has('code'));
    await check('a refresh token', ledger.tokens, token => says(refresh(token), 200));
    await check('a sign-out', ledger.ended, async s => (await silently(s)).get('error') === 'login_required');
    await check('a revocation', ledger.revoked, async token => (await refresh(token)).body.error === 'invalid_grant');
    await check('a redemption', ledger.codes.slice(-20), code => says(this.world.token({ grant_type: 'authorization_code', client_id,
      client_secret, code, redirect_uri: callback, code_verifier: verifier }), 403));
    const acknowledged = ['users', 'sessions', 'tokens', 'ended', 'revoked', 'mails'].reduce((sum, k) => sum + ledger[k].length, 0);
    return { lost, acknowledged, mails: ledger.mails };
  }
  // The configuration that was written last; with no write under way.
  async configurationHolds() {
    const { acknowledged, open } = this.ledger.written;
    const { description } = (await this.world.api('GET', `/clients/${this.program.client_id}`)).body;
    return description === acknowledged || open.includes(description);
  }
}

const newLedger = () => ({ users: [], sessions: [], tokens: [], ended: [], revoked: [], codes: [], mails: [], version: 0,
  written: { acknowledged: undefined, open: [] } });
const relative = location => location.replace(/^https?:\/\/[^/]+/, '');

function store(jar, line) {
  const [pair, ...attributes] = line.split(';').map(part => part.trim());
  const at = pair.indexOf('=');
  const gone = attributes.some(a => /^max-age=0$/i.test(a)) || at === pair.length - 1;
  if (gone) jar.delete(pair.slice(0, at)); else jar.set(pair.slice(0, at), pair.slice(at + 1));
}
async function inParallel(list, width, work) {
  const rest = [...list];
  await Promise.all(Array.from({ length: width }, async () => { while (rest.length) await work(rest.pop()); }));
}
