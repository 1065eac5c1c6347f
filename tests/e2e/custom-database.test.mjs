// People whose accounts are in another user table: a second SQLite database behind a small web service, reached by the connection's scripts.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import bcrypt from 'bcrypt';
import { Browser, logIn } from '../support/browser.mjs';
import { startServer } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { claims, password, World } from '../support/world.mjs';

// Their world: a table, and a service that knows it.
class Directory {
  constructor() {
    this.table = new DatabaseSync(':memory:');
    this.table.exec('CREATE TABLE people(id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, name TEXT, verified INTEGER DEFAULT 0)');
    this.asked = [];
  }
  add(email, name, clear = password) {
    this.table.prepare('INSERT INTO people(email,password,name) VALUES(?,?,?)').run(email, bcrypt.hashSync(clear, 4), name);
  }
  find(email) { return this.table.prepare('SELECT * FROM people WHERE email=?').get(email.toLowerCase()); }
  async start() {
    this.server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const answer = this.answer(request, text ? JSON.parse(text) : {});
      response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
    });
    await new Promise(done => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }
  stop() { return new Promise(done => { this.server.close(done); this.server.closeAllConnections(); }); }

  answer({ url, headers }, body) {
    if (headers.authorization !== 'Bearer their-key') return null;
    this.asked.push(url);
    const person = this.find(body.email ?? '');
    const shown = person && { id: String(person.id), email: person.email, name: person.name, verified: !!person.verified };
    switch (url) {
      case '/login': return person ? (bcrypt.compareSync(body.password, person.password) ? shown : { wrong: true }) : null;
      case '/find': return shown;
      case '/create':
        if (person) return { taken: true };
        this.add(body.email, body.name ?? body.email, body.password);
        return { made: true };
      case '/password': return person && this.table.prepare('UPDATE people SET password=? WHERE id=?').run(bcrypt.hashSync(body.wanted, 4), person.id) && { done: true };
      case '/email': return person && this.table.prepare('UPDATE people SET email=? WHERE id=?').run(body.wanted, person.id) && { done: true };
      case '/verify': return person && this.table.prepare('UPDATE people SET verified=1 WHERE id=?').run(person.id) && { done: true };
      case '/delete': return { done: this.table.prepare('DELETE FROM people WHERE id=?').run(Number(body.id)).changes === 1 };
      default: return null;
    }
  }
}

const ask = (path, body) => `const request = require('request');
    request.post({ url: configuration.SERVICE + '${path}', json: ${body}, headers: { authorization: 'Bearer ' + configuration.KEY } },
    function (err, response, body) {
      if (err) return callback(err);`;
const scripts = {
  login: `function login(email, password, callback) {
    ${ask('/login', '{ email: email, password: password }')}
      if (response.statusCode === 404) return callback(new WrongUsernameOrPasswordError());
      if (response.statusCode !== 200) return callback(new Error('the directory answered ' + response.statusCode));
      if (body.wrong) return callback(new WrongUsernameOrPasswordError(email, 'wrong password'));
      callback(null, { user_id: 'their-' + body.id, email: body.email, email_verified: body.verified, name: body.name });
    });
  }`,
  get_user: `function getUser(email, callback) {
    ${ask('/find', '{ email: email }')}
      if (response.statusCode === 404) return callback(null);
      callback(null, { user_id: 'their-' + body.id, email: body.email, email_verified: body.verified, name: body.name });
    });
  }`,
  create: `function create(user, callback) {
    ${ask('/create', "{ email: user.email, password: user.password, name: [user.tenant, user.client_id].join(' ') }")}
      if (body.taken) return callback(new ValidationError('user_exists', 'taken'));
      callback(null);
    });
  }`,
  verify: `function verify(email, callback) {
    ${ask('/verify', '{ email: email }')} callback(null, response.statusCode === 200); });
  }`,
  change_password: `function changePassword(email, newPassword, callback) {
    ${ask('/password', '{ email: email, wanted: newPassword }')} callback(null, response.statusCode === 200); });
  }`,
  change_email: `function changeEmail(email, newEmail, verified, callback) {
    ${ask('/email', '{ email: email, wanted: newEmail }')} callback(null, response.statusCode === 200); });
  }`,
  delete: `function remove(id, callback) {
    ${ask('/delete', "{ id: id.replace('their-', '') }")} callback(body.done ? null : new Error('not there')); });
  }`,
};

describe('a connection whose users are elsewhere', embeddedOnly('lets scripts connect to an address of this machine'), () => {
  let directory, world, client;
  const connections = {};
  before(async () => {
    directory = new Directory();
    await directory.start();
    world = new World(await startServer({ args: ['--egress-allow', new URL(directory.url).host] }));
    client = await world.client();
    for (const [name, import_mode] of [['migrating', true], ['elsewhere', false]]) {
      connections[name] = await world.management.connections.create({ name, strategy: 'auth0', enabled_clients: [client.client_id, world.tenant.client_id],
        options: { enabledDatabaseCustomization: true, import_mode, customScripts: scripts, configuration: { SERVICE: directory.url, KEY: 'their-key' } } });
    }
  });
  after(async () => {
    await world?.close();
    await directory?.stop();
  });

  const logInTo = async (connection, email, clear = password) => {
    const page = await new Browser().open(world.authorizeUrl(client, { connection }));
    return logIn(page, email, clear);
  };
  const asked = async run => {
    directory.asked = [];
    const result = await run();
    return [directory.asked, result];
  };
  const lastLog = async type => (await world.management.logs.list({ q: `type:${type}`, sort: 'date:-1', per_page: 1 })).data[0];

  it('has values of its configuration that nobody reads back', async () => {
    const { options } = await world.management.connections.get(connections.migrating.id);
    assert.match(options.configuration.KEY, /^2\.0\$/);
    assert.doesNotMatch(JSON.stringify(options), /their-key/);
  });

  describe('and move here with their first sign-in', () => {
    it('signs in who is only there, and afterwards does not ask again', async () => {
      directory.add('ada@their.example', 'Ada of the other table');
      const [first, page] = await asked(() => logInTo('migrating', 'ada@their.example'));
      const token = claims((await world.exchange(client, page.callback.code)).body.id_token);
      assert.deepEqual([token.sub, token.name], ['auth0|their-1', 'Ada of the other table']);
      assert.deepEqual(first, ['/login']);
      const [second, again] = await asked(() => logInTo('migrating', 'ada@their.example'));
      assert.ok(again.callback.code);
      assert.deepEqual(second, [], 'the password is here now');
      assert.equal((await world.management.users.get('auth0|their-1')).logins_count, 2);
    });

    it('refuses wrong passwords and unknown people alike, and logs them apart', async () => {
      directory.add('bob@their.example', 'Bob');
      const wrong = await logInTo('migrating', 'bob@their.example', 'not this one');
      const log = await lastLog('fp');
      assert.equal(log.connection, 'migrating');
      const unknown = await logInTo('migrating', 'nobody@their.example', 'not this one');
      assert.equal((await lastLog('fu')).connection, 'migrating');
      assert.deepEqual([wrong.status, unknown.status], [400, 400]);
      const words = page => /Wrong email or password[^<]*/.exec(page.text)[0];
      assert.equal(words(wrong), words(unknown));
    });

    it('sends a password mail to who is only there, and the new password counts here', async () => {
      directory.add('cleo@their.example', 'Cleo');
      const response = await fetch(world.url('/dbconnections/change_password'), { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: client.client_id, connection: 'migrating', email: 'cleo@their.example' }) });
      assert.equal(response.status, 200);
      const mail = await world.mailTo('cleo@their.example');
      const link = /https:\/\/\S+reset-verify\S+/.exec(mail.text ?? mail.body)[0];
      const page = await new Browser().open(link);
      const fields = page.forms[0].fields.filter(f => /password/.test(f.name)).map(f => f.name);
      const done = await page.submit(Object.fromEntries(fields.map(name => [name, 'Newer-Horse-9'])));
      assert.equal(done.status, 200);
      assert.ok((await logInTo('migrating', 'cleo@their.example', 'Newer-Horse-9')).callback.code);
    });

    it('does not sign up who is there already', async () => {
      directory.add('dora@their.example', 'Dora');
      const signUp = async (connection, email) => {
        const response = await fetch(world.url('/dbconnections/signup'), { method: 'POST', headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ client_id: client.client_id, connection, email, password }) });
        return [response.status, (await response.json()).code];
      };
      const here = await world.user();
      assert.deepEqual(await signUp('migrating', 'dora@their.example'), await signUp('Username-Password-Authentication', here.email));
      assert.equal((await signUp('migrating', 'dora@their.example'))[0], 400);
    });
  });

  describe('and stay there', () => {
    it('asks at every sign-in and follows the profile', async () => {
      directory.add('eve@their.example', 'Eve');
      assert.ok((await logInTo('elsewhere', 'eve@their.example')).callback.code);
      directory.table.prepare('UPDATE people SET name=? WHERE email=?').run('Eve the second', 'eve@their.example');
      const [calls, page] = await asked(() => logInTo('elsewhere', 'eve@their.example'));
      assert.deepEqual(calls, ['/login']);
      assert.equal(claims((await world.exchange(client, page.callback.code)).body.id_token).name, 'Eve the second');
    });

    it('makes, changes and removes accounts there', async () => {
      const made = await world.management.users.create({ connection: 'elsewhere', email: 'fay@their.example', password, verify_email: false });
      assert.match(made.user_id, /^auth0\|their-\d+$/);
      assert.equal(directory.find('fay@their.example').name, `${world.tenant.name} `);
      await world.management.users.update(made.user_id, { password: 'Newer-Horse-9', connection: 'elsewhere' });
      assert.ok(bcrypt.compareSync('Newer-Horse-9', directory.find('fay@their.example').password));
      await world.management.users.update(made.user_id, { email: 'faye@their.example', connection: 'elsewhere' });
      assert.ok(directory.find('faye@their.example'));
      assert.ok((await logInTo('elsewhere', 'faye@their.example', 'Newer-Horse-9')).callback.code);
      await world.management.users.delete(made.user_id);
      assert.equal(directory.find('faye@their.example'), undefined);
    });

    it('tells whose application somebody signs up at', async () => {
      const answer = await fetch(world.url('/dbconnections/signup'), {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: client.client_id, connection: 'elsewhere', email: 'hal@their.example', password }),
      });
      assert.equal(answer.status, 200, await answer.text());
      assert.equal(directory.find('hal@their.example').name, `${world.tenant.name} ${client.client_id}`);
    });

    it('keeps the account here when the directory cannot remove it', async () => {
      const made = await world.management.users.create({ connection: 'elsewhere', email: 'gil@their.example', password, verify_email: false });
      directory.table.prepare('DELETE FROM people WHERE email=?').run('gil@their.example');
      await assert.rejects(world.management.users.delete(made.user_id));
      assert.equal((await world.management.users.get(made.user_id)).email, 'gil@their.example');
    });
  });

  it('is away when the directory is: the person hears it politely and nobody is blamed', async () => {
    await directory.stop();
    const page = await logInTo('elsewhere', 'eve@their.example');
    assert.equal(page.status, 400);
    assert.equal((await lastLog('f')).connection, 'elsewhere');
  });
});
