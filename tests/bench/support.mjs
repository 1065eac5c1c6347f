// Processes under measurement and clients that load them. CPU is the server's own.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

// Of the threads that live, in nanoseconds of the scheduler: the clock ticks of /proc/PID/stat are ten milliseconds.
export function cpuSeconds(pid) {
  return readdirSync(`/proc/${pid}/task`)
    .reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
}
// Whoever was started by a thread of the process, and by those in turn.
export function descendants(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(task => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean));
  return children.flatMap(child => [Number(child), ...descendants(child)]);
}
// Of a process and all that it started: a database server has one for each connection.
export const familySeconds = pid => [pid, ...descendants(pid)].reduce((sum, one) => sum + cpuSeconds(one), 0);
// The PostgreSQL server that listens on a port of this host.
export function postgresOn(port) {
  return Number(readdirSync('/proc').find(pid => {
    try { return new RegExp(`postgres\0.*-p\0${port}\0`).test(readFileSync(`/proc/${pid}/cmdline`, 'latin1')); } catch { return false; }
  }));
}
export function residentMiB(pid) {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
}
export const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
export const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))];

export function startProgram(command, args, { ready = /(\d+)/, cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    const killed = () => child.kill('SIGKILL');
    process.once('exit', killed);
    let text = '';
    child.stdout.on('data', data => {
      text += data;
      const found = text.match(ready);
      if (found) resolve({ child, pid: child.pid, port: Number(found[1]), stop: () => new Promise(done => {
        child.once('exit', done);
        child.kill('SIGTERM');
      }) });
    });
    child.once('exit', code => reject(new Error(`${command} ended with ${code}`)));
  });
}

// A keep-alive HTTP/1.1 connection that sends prepared bytes and knows where an answer ends: cheap, so that the server
// and not the client is what the two cores do.
export class Connection {
  // `ca`: the authority of a server that speaks TLS; without it plain.
  constructor(port, ca) {
    this.port = port;
    this.ca = ca;
    this.buffer = '';
  }
  open() {
    return new Promise((resolve, reject) => {
      const where = { port: this.port, host: '127.0.0.1' };
      this.socket = this.ca ? tls.connect({ ...where, servername: 'localhost', ca: this.ca }, resolve) : net.connect(where, resolve);
      this.socket.setNoDelay(true);
      this.socket.setEncoding('latin1');
      const failed = () => {
        const error = new Error('the connection ended');
        reject(error);
        this.waiting?.reject(error);
        this.waiting = undefined;
      };
      this.socket.on('error', failed);
      this.socket.on('close', failed);
      this.socket.on('data', data => { this.buffer += data; this.deliver(); });
    });
  }
  deliver() {
    const end = this.buffer.indexOf('\r\n\r\n');
    if (end < 0 || !this.waiting) return;
    const head = this.buffer.slice(0, end);
    let body, total;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (length) {
      total = end + 4 + Number(length[1]);
      if (this.buffer.length < total) return;
      body = this.buffer.slice(end + 4, total);
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      const stop = this.buffer.indexOf('0\r\n\r\n', end);
      if (stop < 0) return;
      total = stop + 5;
      body = this.buffer.slice(end + 4, total).replace(/[0-9a-f]+\r\n/gi, '');
    } else {
      total = end + 4;
      body = '';
    }
    this.buffer = this.buffer.slice(total);
    const { resolve } = this.waiting;
    this.waiting = undefined;
    resolve({ status: Number(head.slice(9, 12)), head, body });
  }
  request(method, path, host, { headers = '', body } = {}) {
    const text = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}` +
      (body === undefined ? '\r\n' : `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(text, 'utf8');
    });
  }
  close() { this.socket.destroy(); }
}

export const headerOf = (head, name) => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];
export function cookiesOf(head) {
  return [...head.matchAll(/\r\nset-cookie: *([^;\r]*)/gi)].map(m => m[1]).filter(c => !c.endsWith('='));
}

// Runs `work(connection, i)` n times over `width` connections; returns CPU per run of the server, and of `others` (a function that
// says their seconds), and latencies in ms.
export async function load({ pid, port, width, n, work, others = () => 0 }) {
  const connections = Array.from({ length: width }, () => new Connection(port));
  await Promise.all(connections.map(c => c.open()));
  const latencies = [];
  let next = 0;
  const before = cpuSeconds(pid), othersBefore = others(), start = process.hrtime.bigint();
  await Promise.all(connections.map(async connection => {
    while (next < n) {
      const i = next++;
      const at = process.hrtime.bigint();
      await work(connection, i);
      latencies.push(Number(process.hrtime.bigint() - at) / 1e6);
    }
  }));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const cpu = cpuSeconds(pid) - before;
  connections.forEach(c => c.close());
  return { cpuMicros: cpu * 1e6 / n, othersMicros: (others() - othersBefore) * 1e6 / n, rate: n / seconds, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}
