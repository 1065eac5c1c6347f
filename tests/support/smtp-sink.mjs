// A mail server that accepts everything and remembers it (RFC 5321, as far as our sender speaks it), over TLS from the start or by
// STARTTLS (RFC 3207), with a certificate of its own. With a user it wants AUTH PLAIN (RFC 4954) first.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

const answers = [[/^HELO/i, '250 sink'], [/^(MAIL|RCPT|RSET|NOOP)/i, '250 OK'], [/^DATA/i, '354 go on'], [/^QUIT/i, '221 bye']];

export class SmtpSink {
  #sockets = new Set();
  received = new Map(); // address -> how many mails
  mails = [];           // {to: [address], user, secure, text}
  refusal = null;       // what recipients are told instead of 250

  constructor({ starttls = false } = {}) { this.starttls = starttls; }
  async start() {
    this.directory = mkdtempSync(path.join(tmpdir(), 'durward-smtp-'));
    this.ca = path.join(this.directory, 'cert.pem');
    const key = path.join(this.directory, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
      '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', this.ca], { stdio: 'ignore' });
    this.identity = { key: readFileSync(key), cert: readFileSync(this.ca) };
    this.server = this.starttls ? net.createServer(socket => this.#greet(socket)) : tls.createServer(this.identity, socket => this.#greet(socket));
    await new Promise(resolve => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `${this.starttls ? 'smtp' : 'smtps'}://127.0.0.1:${this.port}`;
    return this;
  }
  #greet(socket) {
    this.#serve(socket);
    socket.write('220 sink\r\n');
  }
  #serve(socket) {
    let text = '', to = [], data = null, user = '';
    const secure = socket instanceof tls.TLSSocket;
    const say = (...lines) => socket.write(lines.map(line => `${line}\r\n`).join(''));
    const take = line => {
      if (data !== null) {
        if (line !== '.') { data += `${line}\r\n`; return; }
        for (const address of to) this.received.set(address, (this.received.get(address) ?? 0) + 1);
        this.mails.push({ to, user, secure, text: data });
        [to, data] = [[], null];
        return say('250 stored');
      }
      if (/^STARTTLS/i.test(line)) {
        say('220 go on');
        socket.removeAllListeners('data');
        return this.#serve(new tls.TLSSocket(socket, { isServer: true, ...this.identity }));
      }
      if (/^EHLO/i.test(line)) return say('250-sink', ...(this.starttls && !secure ? ['250-STARTTLS'] : ['250-AUTH PLAIN']), '250 8BITMIME');
      if (/^AUTH PLAIN$/i.test(line)) return say('334 ');
      const credentials = /^(?:AUTH PLAIN )?([A-Za-z0-9+/=]+)$/i.exec(line);
      if (credentials && credentials[1].length > 8) {
        user = Buffer.from(credentials[1], 'base64').toString().split('\0').slice(1).join(':');
        return say('235 welcome');
      }
      const recipient = /^RCPT TO:<([^>]*)>/i.exec(line);
      if (recipient && this.refusal) return say(this.refusal);
      if (recipient) to.push(recipient[1]);
      if (/^DATA/i.test(line)) data = '';
      say(answers.find(([verb]) => verb.test(line))?.[1] ?? '502 what?');
    };
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', more => {
      text += more;
      for (let end; (end = text.indexOf('\r\n')) >= 0;) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        take(line);
      }
    });
  }
  stop() {
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.directory, { recursive: true });
    return new Promise(resolve => this.server.close(resolve));
  }
}
