// A webhook that remembers what it got and answers as it is told: over TLS with a certificate of its own, which the server under test
// has to trust (`env`), and beside it over plain HTTP for customers' code.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';

export class WebhookSink {
  #sockets = new Set();
  got = [];             // {path, headers, event, at}
  answers = new Map();  // path -> status, or what an event and the number of times it came before get; 200 elsewhere; 'never': no answer

  async start() {
    this.directory = mkdtempSync(path.join(tmpdir(), 'durward-webhook-'));
    this.ca = path.join(this.directory, 'cert.pem');
    const key = path.join(this.directory, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
      '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', this.ca], { stdio: 'ignore' });
    const serve = (request, response) => this.#serve(request, response);
    this.servers = [https.createServer({ key: readFileSync(key), cert: readFileSync(this.ca) }, serve), http.createServer(serve)];
    for (const server of this.servers) {
      server.on('connection', socket => { this.#sockets.add(socket); socket.on('close', () => this.#sockets.delete(socket)); });
      await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    }
    const [secure, plain] = this.servers.map(server => server.address().port);
    this.url = `https://127.0.0.1:${secure}`;
    this.plainUrl = `http://127.0.0.1:${plain}`;
    this.args = ['--egress-allow', `127.0.0.1:${secure}`, '--egress-allow', `127.0.0.1:${plain}`];
    this.env = { SSL_CERT_FILE: this.ca };
    return this;
  }

  #serve(request, response) {
    let text = '';
    request.on('data', data => { text += data; });
    request.on('end', () => {
      const event = JSON.parse(text), answer = this.answers.get(request.url) ?? 200;
      const status = typeof answer === 'function' ? answer(event, this.at(request.url).filter(one => one.event.id === event.id).length) : answer;
      this.got.push({ path: request.url, headers: request.headers, event });
      if (status !== 'never') response.writeHead(status).end('{}');
    });
  }

  at(path) { return this.got.filter(one => one.path === path); }
  // What came to a path, once there are as many as this.
  async until(path, count, seconds = 20) {
    for (let tries = 0; tries < seconds * 40; ++tries) {
      if (this.at(path).length >= count) return this.at(path);
      await new Promise(resolve => setTimeout(resolve, 25));
    }
    throw new Error(`${this.at(path).length} of ${count} events at ${path}`);
  }

  async close() {
    for (const server of this.servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
