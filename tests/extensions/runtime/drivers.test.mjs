// Database drivers of the fixed list go the way out like everything else; the stock script for PostgreSQL against a real server.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newDatabase } from '../../support/postgres.mjs';
import { Egress } from './egress.mjs';
import { Worker } from './worker.mjs';

const stockLogin = `function login(email, password, callback) {
  const bcrypt = require('bcrypt');
  const postgres = require('pg');

  const conString = configuration.CONNECTION;
  postgres.connect(conString, function (err, client, done) {
    if (err) return callback(err);

    const query = 'SELECT id, nickname, email, password FROM users WHERE email = $1';
    client.query(query, [email], function (err, result) {
      // NOTE: always call done() here to close the connection to the database
      done();

      if (err || result.rows.length === 0) return callback(err || new WrongUsernameOrPasswordError(email));

      const user = result.rows[0];
      bcrypt.compare(password, user.password, function (err, isValid) {
        if (err || !isValid) return callback(err || new WrongUsernameOrPasswordError(email));
        console.log('valid');

        return callback(null, { user_id: user.id, nickname: user.nickname, email: user.email });
      });
    });
  });
}`;

const fill = `function (callback) {
  const { Client } = require('pg');
  const client = new Client({ connectionString: configuration.CONNECTION });
  client.connect()
    .then(() => require('bcrypt').hash('correct horse', 4))
    .then(hash => client.query("CREATE TABLE users (id text, nickname text, email text, password text)").then(() => client.query('INSERT INTO users VALUES ($1, $2, $3, $4)', ['7', 'ann', 'ann@example.com', hash])))
    .then(() => client.end()).then(() => callback(null), callback);
}`;

const attempts = {
  mysql: `const connection = require('mysql').createConnection({ host: 'db.example.com', user: 'u', password: 'p', database: 'd' }); connection.connect(error => callback(error));`,
  mysql2: `require('mysql2').createConnection({ host: 'db.example.com', user: 'u', database: 'd' }).on('error', error => callback(error));`,
  'mongodb@3.1.4': `const { MongoClient } = require('mongodb@3.1.4'); new MongoClient('mongodb://u:p@db.example.com', { serverSelectionTimeoutMS: 200, useUnifiedTopology: true }).connect(error => callback(error));`,
  'mongodb@6': `const { MongoClient } = require('mongodb@6'); new MongoClient('mongodb://u:p@db.example.com', { serverSelectionTimeoutMS: 200 }).connect().then(() => callback(null), callback);`,
  pg: `require('pg').connect('postgres://u:p@db.example.com/d', error => callback(error));`,
};
const ports = { mysql: 3306, mysql2: 3306, 'mongodb@3.1.4': 27017, 'mongodb@6': 27017, pg: 5432 };

describe('a database script', () => {
  let egress, worker, connection;
  before(async () => {
    const url = new URL(await newDatabase());
    egress = await new Egress().start();
    egress.hosts['users.example.com'] = url.hostname;
    egress.refused['db.example.com'] = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED db.example.com' };
    url.hostname = 'users.example.com';
    connection = url.href;
    worker = new Worker({ egress });
    await worker.ready;
  });
  after(async () => {
    await worker.stop();
    await egress.stop();
  });

  const run = (code, args) =>
    worker.run({
      contract: 'database',
      trigger: 'login',
      scripts: [{ code, id: 'login', name: 'login' }],
      input: { configuration: { CONNECTION: connection }, arguments: args },
    });

  it('of the stock kind signs people in from a table of PostgreSQL', async () => {
    const filled = await run(fill, []);
    assert.equal(filled.results[0].error, undefined, JSON.stringify(filled.results[0].error));
    for (let i = 0; i < 3; ++i) {
      const { output, console: lines } = await run(stockLogin, ['ann@example.com', 'correct horse']);
      assert.deepEqual(output.arguments, [{ user_id: '7', nickname: 'ann', email: 'ann@example.com' }]);
      assert.equal(lines[0].text, 'valid');
    }
    assert.equal((await run(stockLogin, ['ann@example.com', 'wrong'])).results[0].error.name, 'WrongUsernameOrPasswordError');
    assert.equal((await run(stockLogin, ['eve@example.com', 'x'])).results[0].error.members.user, 'eve@example.com');
  });
  it('keeps apart what callbacks of its pool say in calls under way at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => run(stockLogin, ['ann@example.com', 'correct horse'])));
    assert.deepEqual(
      outcomes.map(outcome => outcome.console.map(line => line.text)),
      Array(5).fill(['valid']),
    );
  });
  it('keeps its pool between calls: one connection for each that was under way, and that of the preparation', () =>
    assert.equal(egress.asked.filter(asked => asked.startsWith('users.example.com')).length, 5 + 1));

  for (const [driver, body] of Object.entries(attempts)) {
    it(`asks for its connection when it uses ${driver}`, async () => {
      egress.asked.length = 0;
      const { results } = await run(`function (callback) { ${body} }`, []);
      assert.equal(results[0].error.kind, 'thrown');
      assert.match(JSON.stringify(results[0].error), /ECONNREFUSED/);
      assert.equal(egress.asked[0], `db.example.com:${ports[driver]}`);
    });
  }
});
