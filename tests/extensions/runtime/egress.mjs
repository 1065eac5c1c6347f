// The way out for tests: a Unix socket that trades a ticket for the connection it was issued for, as adapters/sandbox does.
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export class Egress {
  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'durward-egress-'));
    this.path = path.join(this.folder, 'egress.sock');
    this.tickets = new Map();
    this.asked = []; // 'host:port' of each connection
    this.hosts = {}; // host → address
    this.refused = {}; // host → {code, message}
    this.open = new Set();
    this.server = net.createServer({ allowHalfOpen: true }, socket => this.accept(socket));
  }

  async start() {
    await new Promise(resolve => this.server.listen(this.path, resolve));
    return this;
  }

  // The worker's `calls`.
  get calls() {
    return {
      connect: params => this.connect(params),
      lookup: ({ host }) => ({ addresses: [{ address: this.addressOf(host), family: 4 }] }),
    };
  }

  addressOf(host) {
    if (this.refused[host]) throw this.refused[host];
    if (!this.hosts[host]) throw { code: 'ENOTFOUND', message: `getaddrinfo ENOTFOUND ${host}` };
    return this.hosts[host];
  }

  async connect({ host, port }) {
    this.asked.push(`${host}:${port}`);
    const address = this.addressOf(host);
    const upstream = net.connect({ host: address, port, allowHalfOpen: true });
    await new Promise((resolve, reject) =>
      upstream.once('connect', resolve).once('error', error => reject({ code: error.code, message: error.message })),
    );
    const ticket = `t${this.tickets.size}`;
    this.tickets.set(ticket, upstream);
    return { ticket, address, port };
  }

  accept(socket) {
    this.open.add(socket);
    let kept = Buffer.alloc(0);
    const read = bytes => {
      kept = Buffer.concat([kept, bytes]);
      const end = kept.indexOf(10);
      if (end === -1) return;
      socket.off('data', read);
      this.join(socket, kept.subarray(0, end).toString(), kept.subarray(end + 1));
    };
    socket.on('data', read).on('error', () => {});
  }

  join(socket, ticket, rest) {
    const upstream = this.tickets.get(ticket);
    this.tickets.set(ticket, undefined);
    if (!upstream) return socket.destroy();
    upstream.on('error', () => socket.destroy());
    upstream.write(rest);
    socket.pipe(upstream).pipe(socket);
  }

  async stop() {
    for (const socket of this.open) socket.destroy();
    for (const upstream of this.tickets.values()) upstream?.destroy();
    await new Promise(resolve => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
