// A mail server that accepts everything and remembers for whom (RFC 5321, as far as our sender speaks it), over TLS from the
// start with a certificate of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

const answers = [[/^(EHLO|HELO)/i, '250 sink'], [/^(MAIL|RCPT|RSET|NOOP)/i, '250 OK'], [/^DATA/i, '354 go on'], [/^QUIT/i, '221 bye']];

export class SmtpSink {
  #sockets = new Set();
  received = new Map(); // address -> how many mails

  async start() {
    this.directory = mkdtempSync(path.join(tmpdir(), 'durward-smtp-'));
    this.ca = path.join(this.directory, 'cert.pem');
    const key = path.join(this.directory, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
      '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', this.ca], { stdio: 'ignore' });
    this.server = tls.createServer({ key: readFileSync(key), cert: readFileSync(this.ca) }, socket => this.#serve(socket));
    await new Promise(resolve => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `smtps://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  #serve(socket) {
    let text = '', to = [], inData = false;
    const say = line => socket.write(`${line}\r\n`);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', data => {
      text += data;
      for (let end; (end = text.indexOf('\r\n')) >= 0;) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (inData) {
          if (line !== '.') continue;
          inData = false;
          for (const address of to) this.received.set(address, (this.received.get(address) ?? 0) + 1);
          to = [];
          say('250 stored');
          continue;
        }
        const recipient = /^RCPT TO:<([^>]*)>/i.exec(line);
        if (recipient) to.push(recipient[1]);
        inData = /^DATA/i.test(line);
        say(answers.find(([verb]) => verb.test(line))?.[1] ?? '502 what?');
      }
    });
    say('220 sink');
  }
  stop() {
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.directory, { recursive: true });
    return new Promise(resolve => this.server.close(resolve));
  }
}
