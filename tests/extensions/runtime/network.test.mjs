// Every way a script may reach another machine asks the supervisor and goes through the egress socket.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Egress } from './egress.mjs';
import { Worker, action } from './worker.mjs';

const executes = body => `exports.onExecutePostLogin = async (event, api) => {\n${body}\n};`;
const listen = server => new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
const hello = (request, response) => {
  let body = '';
  request
    .on('data', bytes => {
      body += bytes;
    })
    .on('end', () => response.end(JSON.stringify({ hello: request.url, host: request.headers.host, body })));
};

function selfSigned(folder) {
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
      '-days',
      '2',
      '-subj',
      '/CN=api.example.com',
      '-addext',
      'subjectAltName=DNS:api.example.com',
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  return { key: readFileSync(path.join(folder, 'key.pem'), 'utf8'), cert: readFileSync(path.join(folder, 'cert.pem'), 'utf8') };
}

describe('a script that connects', () => {
  let egress, worker, plain, secure, echo, port, securePort, echoPort, ca;
  before(async () => {
    egress = await new Egress().start();
    const pair = selfSigned(egress.folder);
    ca = pair.cert;
    plain = http.createServer(hello);
    secure = https.createServer(pair, hello);
    echo = net.createServer(socket => socket.pipe(socket));
    [port, securePort, echoPort] = [await listen(plain), await listen(secure), await listen(echo)];
    egress.hosts['api.example.com'] = '127.0.0.1';
    egress.refused['metadata.example.com'] = { code: 'EACCES', message: 'metadata.example.com is a private address' };
    worker = new Worker({ egress });
    await worker.ready;
  });
  after(async () => {
    await worker.stop();
    for (const server of [plain, secure]) {
      server.closeAllConnections();
      server.close();
    }
    echo.close();
    await egress.stop();
  });

  const says = async body => {
    const { results, console: lines } = await worker.run(
      action(executes(body), { secrets: { ca }, input: { event: { port, securePort, echoPort } } }),
    );
    assert.equal(results[0].error, undefined, JSON.stringify(results[0].error));
    return lines.map(line => line.text).join('\n');
  };
  const url = path => `\`http://api.example.com:\${event.port}${path}\``;

  it('by fetch reaches the other side', async () => {
    assert.deepEqual(JSON.parse(await says(`console.log(await (await fetch(${url('/a')}, { method: 'POST', body: 'text' })).text());`)), {
      hello: '/a',
      host: `api.example.com:${port}`,
      body: 'text',
    });
    assert.ok(egress.asked.includes(`api.example.com:${port}`));
  });
  it('by axios reaches it', async () => {
    assert.equal(await says(`console.log((await require('axios').post(${url('/b')}, { x: 1 })).data.body);`), '{"x":1}');
  });
  it('by request reaches it', async () => {
    assert.equal(
      await says(
        `console.log(await new Promise((resolve, reject) => require('request')(${url('/c')}, (error, response, body) => error ? reject(error) : resolve(JSON.parse(body).hello))));`,
      ),
      '/c',
    );
  });
  it('by http.get reaches it, several times over one agent', async () => {
    assert.equal(
      await says(`const http = require('http'); const agent = new http.Agent({ keepAlive: true });
      for (const path of ['/d', '/e']) await new Promise((resolve, reject) => http.get({ host: 'api.example.com', port: event.port, path, agent }, response => { let body = ''; response.on('data', d => { body += d; }).on('end', () => { console.log(JSON.parse(body).hello); resolve(); }); }).on('error', reject));
      agent.destroy();`),
      '/d\n/e',
    );
  });
  it('by https speaks TLS with the other side, whose certificate is checked', async () => {
    const get = options => `const https = require('https');
      await new Promise(resolve => https.get({ host: 'api.example.com', port: event.securePort, path: '/f', ${options} }, response => { let body = ''; response.on('data', d => { body += d; }).on('end', () => { console.log(JSON.parse(body).hello); resolve(); }); })
        .on('error', error => { console.log(error.code); resolve(); }));`;
    assert.equal(await says(get('ca: event.secrets.ca')), '/f');
    assert.equal(await says(get('')), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });
  it('by tls.connect with separate arguments speaks TLS', async () => {
    assert.equal(
      await says(`await new Promise((resolve, reject) => { const socket = require('tls').connect(event.securePort, 'api.example.com', { ca: event.secrets.ca }, () => {
      console.log(socket.authorized, socket.getPeerCertificate().subject.CN); socket.end(); resolve(); }); socket.on('error', reject); });`),
      'true api.example.com',
    );
  });
  it('by net.connect sees the address, and its bytes come in order', async () => {
    assert.equal(
      await says(`await new Promise((resolve, reject) => { const socket = require('net').connect(event.echoPort, 'api.example.com'); let got = '';
      socket.write('one '); socket.write('two '); socket.once('connect', () => { console.log(socket.remoteAddress, socket.remotePort === event.echoPort); socket.end('three'); });
      socket.setEncoding('utf8').on('data', text => { got += text; }).on('end', () => { console.log(got); resolve(); }).on('error', reject); });`),
      '127.0.0.1 true\none two three',
    );
  });
  it('to a refused address gets an ordinary error', async () => {
    const said =
      await says(`try { await fetch('http://metadata.example.com/latest'); } catch (error) { console.log(error.cause.code, error.cause.message); }
      try { await require('axios').get('http://metadata.example.com/latest'); } catch (error) { console.log(error.code); }
      await new Promise(resolve => require('net').connect(80, 'metadata.example.com').on('error', error => { console.log(error.code, error.syscall, error.port); resolve(); }));`);
    assert.equal(said, 'EACCES metadata.example.com is a private address\nEACCES\nEACCES connect 80');
  });
  it('to an unknown name or a closed port gets the error of it', async () => {
    const closed = await new Promise(resolve => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
    });
    const said = await says(
      `for (const url of ['http://nowhere.example.com/', 'http://api.example.com:${closed}/']) try { await fetch(url); } catch (error) { console.log(error.cause.code, error.cause.syscall); }`,
    );
    assert.equal(said, 'ENOTFOUND getaddrinfo\nECONNREFUSED connect');
  });
  it('resolves names by the supervisor only', async () => {
    assert.equal(
      await says(`const dns = require('dns');
      console.log((await dns.promises.lookup('api.example.com')).address, await dns.promises.resolve4('api.example.com'));
      await new Promise(resolve => dns.lookup('api.example.com', { all: true }, (error, all) => { console.log(all[0].address); resolve(); }));
      await new Promise(resolve => dns.lookup('nowhere.example.com', error => { console.log(error.code); resolve(); }));
      await new Promise(resolve => dns.resolveMx('example.com', error => { console.log(error.code); resolve(); }));`),
      "127.0.0.1 [ '127.0.0.1' ]\n127.0.0.1\nENOTFOUND\nENOTIMP",
    );
  });
  it('gets addresses only from dns.resolve', async () => {
    const said = await says(`const dns = require('dns').promises;
      console.log(await dns.resolve('api.example.com'), await dns.resolve('api.example.com', 'A'));
      for (const type of ['MX', 'TXT']) await dns.resolve('api.example.com', type).catch(error => console.log(error.code));
      await dns.lookup('x'.repeat(254)).catch(error => console.log(error.code));
      try { require('dns').setServers(['192.0.2.1']); } catch (error) { console.log(error.message); }`);
    assert.equal(said, "[ '127.0.0.1' ] [ '127.0.0.1' ]\nENOTIMP\nENOTIMP\nENOTFOUND\ndns.setServers() is not available to scripts");
  });
  it('may connect a socket again', async () => {
    const said = await says(`const socket = new (require('net').Socket)();
      for (let i = 0; i < 2; ++i) await new Promise((resolve, reject) => { socket.removeAllListeners(); socket.on('error', reject); socket.on('close', resolve).on('data', data => { console.log(String(data)); socket.destroy(); });
        socket.connect(event.echoPort, 'api.example.com', () => socket.write('round ' + i)); });`);
    assert.equal(said, 'round 0\nround 1');
  });
  it('names its run in what it asks of the supervisor', async () => {
    const run = worker.run(action(executes('try { await fetch("http://metadata.example.com"); } catch {}')));
    await run;
    assert.equal(worker.frames.findLast(frame => frame.type === 'call').id, run.id);
  });
  it('keeps apart what callbacks of connections say and throw in runs under way at once', async () => {
    const code = executes(`const http = require('http');
      await new Promise(resolve => http.get({ host: 'api.example.com', port: event.port, path: '/' + event.n }, response => {
        let body = '';
        response.on('data', data => { body += data; }).on('end', () => {
          console.log(JSON.parse(body).hello);
          if (event.n === 2) throw new Error('two');
          resolve();
        });
      }));`);
    const outcomes = await Promise.all([1, 2, 3].map(n => worker.run(action(code, { input: { event: { port, n } } }))));
    assert.deepEqual(
      outcomes.map(outcome => outcome.console.map(line => line.text)),
      [['/1'], ['/2'], ['/3']],
    );
    assert.deepEqual(
      outcomes.map(outcome => outcome.results[0].error?.message),
      [undefined, 'two', undefined],
    );
  });
  it('names no run that is over', async () => {
    const asked = worker.next('call');
    await worker.run(action(executes('setTimeout(() => { fetch("http://metadata.example.com").catch(() => {}); }, 1);')));
    assert.equal((await asked).id, undefined);
  });
  it('refuses other Unix sockets as the kernel does, and bad ports as Node.js does', async () => {
    assert.equal(
      await says(`await new Promise(resolve => require('net').connect('/run/other.sock').on('error', error => { console.log(error.code); resolve(); }));
      try { require('net').connect(70000, 'api.example.com'); } catch (error) { console.log(error.code); }`),
      'ENOENT\nERR_SOCKET_BAD_PORT',
    );
  });
  it('gives auth0.users of rules the Management API', async () => {
    const code = `function (user, context, callback) {
      auth0.users.updateUserMetadata(user.user_id, { color: 'red' }).then(() => callback(null, user, context)).catch(error => callback(new Error(error.cause.code)));
    }`;
    const { results } = await worker.run({
      contract: 'rule',
      trigger: 'rule',
      scripts: [{ code, id: 'r', name: 'r' }],
      input: { user: { user_id: 'auth0|1' }, context: {}, auth0: { domain: `api.example.com:${securePort}`, accessToken: 'token' } },
    });
    // The test's authority is unknown to fetch; that it was asked is what counts here.
    assert.equal(results[0].error.message, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    assert.ok(egress.asked.includes(`api.example.com:${securePort}`));
  });
});
