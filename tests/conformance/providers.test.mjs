// Who sends a tenant's mails and phone messages: a mail server of its own, a service that is asked over HTTPS, or an action.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { seedFile, startProcess } from '../support/server.mjs';
import { SmtpSink } from '../support/smtp-sink.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const until = async (what, happens) => {
  for (let tries = 0; tries < 400; ++tries) {
    const found = await happens();
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 25));
  }
  throw new Error(`never: ${what}`);
};

// What actions and services are answered here, and what they said.
class Recorder {
  asked = [];
  waiting = [];
  status = 200;
  constructor(options) { this.options = options; }
  async start() {
    const listen = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      this.hear({ path: request.url, headers: request.headers, body });
      response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
    };
    this.server = this.options ? https.createServer(this.options, listen) : http.createServer(listen);
    await new Promise(resolve => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }
  hear(request) {
    const waiter = this.waiting.find(({ fits }) => fits(request));
    if (!waiter) return this.asked.push(request);
    this.waiting.splice(this.waiting.indexOf(waiter), 1);
    waiter.resolve(request);
  }
  // The first request that fits and was not given out yet; whoever waits longer than a minute and a half waits in vain.
  next(fits = () => true) {
    const at = this.asked.findIndex(fits);
    if (at >= 0) return Promise.resolve(this.asked.splice(at, 1)[0]);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('never: a request')), 90_000);
      this.waiting.push({ fits, resolve: request => { clearTimeout(late); resolve(request); } });
    });
  }
  stop() { return new Promise(done => { this.server.close(done); this.server.closeAllConnections(); }); }
}

// Does what the subject's text or the recipient says, after it told the recorder.
const mailAction = url => `exports.onExecuteCustomEmailProvider = async (event, api) => {
  const answer = await fetch('${url}', { method: 'POST', body: JSON.stringify({ notification: event.notification, tenant: event.tenant,
    client: event.client, user: event.user, request: event.request, key: event.secrets.KEY }) });
  if (event.notification.to.startsWith('drop')) api.notification.drop('nobody reads this');
  if (event.notification.to.startsWith('retry') && answer.status === 503) api.notification.retry('the service is busy');
  if (event.notification.to.startsWith('throw')) throw new Error('no template');
};`;
const phoneAction = url => `exports.onExecuteCustomPhoneProvider = async (event, api) => {
  await fetch('${url}/phone', { method: 'POST', body: JSON.stringify(event) });
  if (event.notification.delivery_method === 'voice') api.notification.drop('nobody calls');
};`;

describe('providers', embeddedOnly('needs flags of one process'), () => {
  let directory, sink, recorder, service, server, world, rival;
  before(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'durward-providers-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => path.join(directory, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    sink = await new SmtpSink({ starttls: true }).start();
    recorder = await new Recorder().start();
    service = await new Recorder({ key: readFileSync(key), cert: readFileSync(cert) }).start();
    const at = `https://localhost:${service.port}`;
    server = await startProcess({
      ephemeral: true, seeds: [seedFile, new URL('../support/rival.yaml', import.meta.url).pathname], env: { SSL_CERT_FILE: cert },
      args: ['--egress-allow', '127.0.0.1', '--smtp-ca', sink.ca, '--provider-url', `sendgrid=${at}/mail,twilio=${at}`],
    });
    world = new World(server, server.tenant('acme'));
    rival = new World(server, server.tenant('rival'));
  });
  after(async () => {
    await server?.stop();
    await sink?.stop();
    await recorder?.stop();
    await service?.stop();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  const choose = async (body, of = world) => {
    await of.api('DELETE', '/emails/provider');
    const answer = await of.api('POST', '/emails/provider', body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  const ownServer = (more = {}) => ({ name: 'smtp', default_from_address: 'Acme <mails@acme.example>', ...more,
    credentials: { smtp_host: '127.0.0.1', smtp_port: sink.port, smtp_user: 'acme', smtp_pass: 'relay-secret', ...more.credentials } });
  let count = 0;
  // Owes a mail to a new user and returns the address.
  const askForMail = async (of = world, who = 'someone') => {
    const user = await of.user({ email: `${who}-${++count}@acme.example` });
    const response = await fetch(of.url('/dbconnections/change_password'), {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: user.email, connection: 'Username-Password-Authentication' }),
    });
    assert.equal(response.status, 200);
    return user;
  };
  const failureOf = async to => until(`a log record of ${to}`, async () => {
    const { body } = await world.api('GET', '/logs?q=type:fn&per_page=100');
    return body.find(record => record.details?.to === to);
  });
  const mailTo = address => until(`a mail to ${address}`, () => sink.mails.find(mail => mail.to.includes(address)));

  it('a mail goes through the tenant’s own server, over TLS, with its user and its sender', async () => {
    await choose(ownServer({ settings: { headers: { 'X-SES-Configuration-Set': 'logins' } } }));
    const { email } = await askForMail();
    const mail = await mailTo(email);
    assert.equal(mail.user, 'acme:relay-secret');
    assert.ok(mail.secure);
    assert.match(mail.text, /^From: "?Acme"? <mails@acme\.example>/m);
    assert.match(mail.text, /^X-SES-Configuration-Set: logins/m);
  });

  it('mails of another tenant, and of one that switched its provider off, go the installation’s way', async () => {
    await choose(ownServer());
    const theirs = await askForMail(rival);
    await rival.mailTo(theirs.email);
    assert.equal((await rival.api('GET', '/emails/provider')).status, 404);
    assert.equal((await world.api('PATCH', '/emails/provider', { enabled: false })).body.enabled, false);
    const { email } = await askForMail();
    await world.mailTo(email);
    assert.ok(!sink.mails.some(mail => [email, theirs.email].includes(mail.to[0])));
  });

  it('secrets are never shown', async () => {
    const made = await choose(ownServer());
    const read = await world.api('GET', '/emails/provider');
    assert.deepEqual(read.body.credentials, { smtp_host: '127.0.0.1', smtp_port: sink.port, smtp_user: 'acme' });
    const logs = await world.api('GET', '/logs?per_page=100');
    assert.doesNotMatch(JSON.stringify([made, read.body, logs.body]), /relay-secret/);
    assert.doesNotMatch(server.log(), /relay-secret/);
  });

  it('what the server refuses for good is in the tenant’s log', async () => {
    await choose(ownServer());
    sink.refusal = '550 no such user';
    const { email, user_id } = await askForMail();
    const record = await failureOf(email);
    sink.refusal = null;
    assert.equal(record.user_id, user_id);
    assert.equal(record.description, 'The mail server refused the mail.');
    assert.deepEqual(record.details, { to: email, provider: 'smtp', message_type: 'reset_email' });
  });

  it('a server that is not public is not connected to', async () => {
    await choose(ownServer({ credentials: { smtp_host: '127.0.0.2' } }));
    const { email } = await askForMail();
    assert.match((await failureOf(email)).description, /not public/);
  });

  it('a service is asked over HTTPS with its key', async () => {
    await choose({ name: 'sendgrid', credentials: { api_key: 'SG.key' }, default_from_address: 'mails@acme.example' });
    const { email } = await askForMail();
    const { path: asked, headers, body } = await service.next();
    assert.equal(asked, '/mail');
    assert.equal(headers.authorization, 'Bearer SG.key');
    const mail = JSON.parse(body);
    assert.equal(mail.personalizations[0].to[0].email, email);
    assert.match(mail.content[0].value, /ticket=/);
  });

  it('providers that cannot be used are refused by name', async () => {
    const { status, body } = await world.api('POST', '/emails/provider', { name: 'ms365', credentials: { tenantId: 't', clientId: 'c', clientSecret: 's' } });
    assert.equal(status, 400);
    assert.match(body.message, /ms365 cannot be used here; those that can are custom, /);
  });

  describe('the tenant’s own code', () => {
    let action;
    before(async () => {
      await world.api('DELETE', '/emails/provider');
      const early = await world.api('POST', '/emails/provider', { name: 'custom', credentials: {} });
      assert.equal(early.status, 404);
      assert.equal(early.body.errorCode, 'custom_email_provider_deployed_action_not_found');
      action = await world.management.actions.create({ name: 'mails', code: mailAction(`http://127.0.0.1:${recorder.port}/`), deploy: true,
        supported_triggers: [{ id: 'custom-email-provider', version: 'v1' }], secrets: [{ name: 'KEY', value: 'action-secret' }] });
      await choose({ name: 'custom', credentials: {}, default_from_address: 'mails@acme.example' });
    });
    const told = async email => JSON.parse((await recorder.next(one => one.body.includes(email))).body);

    it('is told what the mail says and whom it is about', async () => {
      const user = await askForMail();
      const event = await told(user.email);
      assert.equal(event.key, 'action-secret');
      assert.equal(event.notification.message_type, 'reset_email');
      assert.equal(event.notification.from, 'mails@acme.example');
      assert.match(event.notification.text, /ticket=/);
      assert.match(event.notification.html, /ticket=/);
      assert.equal(event.user.user_id, user.user_id);
      assert.equal(event.tenant.id, 'acme');
      assert.equal(event.request.ip, '127.0.0.1');
      assert.equal(event.client.metadata !== undefined, true);
      assert.ok(!sink.mails.some(mail => mail.to.includes(user.email)));
    });

    it('leaves the record of its execution', async () => {
      const { email } = await askForMail();
      await told(email);
      const response = await until('an execution', async () => {
        const tail = await (await fetch(world.url('/api/v2/actions/logs/tail'), { headers: { authorization: `Bearer ${world.apiToken}` } })).text();
        return /"trigger_id":"custom-email-provider"/.test(tail) && tail;
      });
      assert.match(response, /"action_name":"mails"/);
    });

    it('gives a mail up, which the log tells', async () => {
      const { email } = await askForMail(world, 'drop');
      const record = await failureOf(email);
      assert.equal(record.description, 'nobody reads this');
      assert.equal(record.details.provider, 'custom');
    });

    it('is not run again when it throws', async () => {
      const { email } = await askForMail(world, 'throw');
      assert.match((await failureOf(email)).description, /mails: thrown: no template/);
      await told(email);
      // What comes after it in the same queue is delivered, and nothing of it comes again.
      await told((await askForMail()).email);
      assert.ok(!recorder.asked.some(one => one.body.includes(email)));
      const { body } = await world.api('GET', '/logs?q=type:fn&per_page=100');
      assert.equal(body.filter(record => record.details?.to === email).length, 1);
    });

    it('asks for another attempt and gets it', { timeout: 120_000 }, async () => {
      recorder.status = 503;
      const { email } = await askForMail(world, 'retry');
      await told(email);
      recorder.status = 200;
      await told(email);
      const { body } = await world.api('GET', '/logs?q=type:fn&per_page=100');
      assert.ok(!body.some(record => record.details?.to === email), 'nothing failed');
    });

    it('is one action of its trigger, and stays while the provider names it', async () => {
      const second = await world.api('POST', '/actions/actions', { name: 'other', code: 'exports.x = 1',
        supported_triggers: [{ id: 'custom-email-provider', version: 'v1' }] });
      assert.equal(second.status, 409);
      assert.equal(second.body.errorCode, 'action_of_trigger_exists');
      const bound = await world.api('PATCH', '/actions/triggers/custom-email-provider/bindings', { bindings: [] });
      assert.equal(bound.status, 400);
      assert.equal((await world.api('DELETE', `/actions/actions/${action.id}`)).status, 409);
    });
  });

  describe('messages to phones', () => {
    const providers = '/branding/phone/providers';
    const clear = async () => {
      const { body } = await world.api('GET', providers);
      for (const { id } of body.providers) assert.equal((await world.api('DELETE', `${providers}/${id}`)).status, 204);
    };
    const create = async body => {
      await clear();
      const made = await world.api('POST', providers, body);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body;
    };
    const attempt = (id, to, delivery_method = 'text') => world.api('POST', `${providers}/${id}/try`, { to, delivery_method });

    it('go through Twilio, and no answer holds the token', async () => {
      const made = await create({ name: 'twilio', configuration: { sid: 'AC0', default_from: '+15550100', delivery_methods: ['text'] },
        credentials: { auth_token: 'twilio-secret' } });
      assert.doesNotMatch(JSON.stringify([made, (await world.api('GET', `${providers}/${made.id}`)).body]), /twilio-secret/);
      assert.equal((await attempt(made.id, '+15550101')).status, 202);
      const { path: asked, headers, body } = await service.next(one => one.path.startsWith('/2010-04-01'));
      assert.equal(asked, '/2010-04-01/Accounts/AC0/Messages.json');
      assert.equal(headers.authorization, `Basic ${Buffer.from('AC0:twilio-secret').toString('base64')}`);
      const fields = new URLSearchParams(body);
      assert.equal(fields.get('To'), '+15550101');
      assert.match(fields.get('Body'), /Acme/);
      assert.equal((await attempt(made.id, '+15550101', 'voice')).status, 400);
      assert.equal((await attempt(made.id, '5550101')).status, 400);
    });

    it('of which Twilio refuses one are in the log', async () => {
      const made = await create({ name: 'twilio', configuration: { sid: 'AC0', default_from: '+15550100' }, credentials: { auth_token: 't' } });
      service.status = 400;
      await attempt(made.id, '+15550102');
      const record = await failureOf('+15550102');
      service.status = 200;
      assert.match(record.description, /answered 400/);
      assert.equal(record.details.provider, 'twilio');
    });

    it('go through an action', async () => {
      await clear();
      assert.equal((await world.api('POST', providers, { name: 'custom', credentials: {} })).status, 404);
      await world.management.actions.create({ name: 'phones', code: phoneAction(`http://127.0.0.1:${recorder.port}`), deploy: true,
        supported_triggers: [{ id: 'custom-phone-provider', version: 'v1' }] });
      const made = await create({ name: 'custom', configuration: { delivery_methods: ['text', 'voice'] }, credentials: {} });
      assert.equal((await attempt(made.id, '+15550103')).status, 202);
      const event = JSON.parse((await recorder.next(one => one.path === '/phone')).body);
      assert.equal(event.notification.recipient, '+15550103');
      assert.equal(event.notification.delivery_method, 'text');
      assert.match(event.notification.as_text, new RegExp(event.notification.code));
      assert.equal(event.client.client_id, world.tenant.client_id);
      await attempt(made.id, '+15550104', 'voice');
      assert.equal((await failureOf('+15550104')).description, 'nobody calls');
    });

    it('are of one tenant', async () => {
      const { body } = await world.api('GET', providers);
      assert.equal((await rival.api('GET', `${providers}/${body.providers[0].id}`)).status, 404);
      assert.deepEqual((await rival.api('GET', providers)).body, { providers: [] });
    });
  });
});
