// A fleet with a proxy before each engine and before the roles hashing and extensions, and the faults it can be given.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FaultProxy } from '../support/fault-proxy.mjs';
import { binary, seedFile, trust } from '../support/server.mjs';

const run = promisify(execFile);
const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../tools/fleet');

// Who can be reached through a proxy, and the file in which tools/fleet keeps the port behind it. A further engine is a row.
const behindProxy = { postgres: 'postgres.port', redis: 'redis.port', nats: 'nats.port', hashing: 'hashing.internal', extensions: 'extensions.internal' };

export class Fleet {
  dir = mkdtempSync(path.join(tmpdir(), 'durward-faults-'));
  proxies = {};

  // more: flags of tools/fleet.
  constructor(env, more = []) { this.more = more; this.env = { ...process.env, DURWARD: binary, DURWARD_BCRYPT_COST: '4', ...env }; }

  // Output goes to files of the fleet: a pipe would stay open as long as its processes.
  command(...args) { return run(script, [...args, '--dir', this.dir], { env: this.env }); }
  file(name) { return readFileSync(path.join(this.dir, name), 'utf8'); }

  // `cluster`: a primary and its standby (support/postgres.mjs) instead of a server of the fleet's own.
  async up(cluster) {
    // However this process ends, the fleet does.
    this.end = () => this.killAll();
    process.once('exit', this.end);
    for (const how of ['SIGTERM', 'SIGINT']) process.once(how, () => process.exit(1));
    const via = [];
    for (const [name, file] of Object.entries(behindProxy)) {
      this.proxies[name] = await new FaultProxy(() => Number(this.file(`run/${file}`))).start();
      via.push('--via', `${name}=${this.proxies[name].port}`);
    }
    await this.command('up', '--seed', seedFile, ...this.more, ...via, ...(cluster ? ['--store', await cluster.database()] : []));
    this.cluster = cluster;
    const { ca_file, base_url, ready } = this.summary();
    trust(readFileSync(ca_file, 'utf8'));
    return { ...ready.tenants[0], issuer: `${base_url}/` };
  }
  async down() {
    for (const proxy of Object.values(this.proxies)) await proxy.resume();
    await this.command('down');
    for (const proxy of Object.values(this.proxies)) await proxy.stop();
    process.off('exit', this.end);
    rmSync(this.dir, { recursive: true, force: true });
  }
  killAll() {
    if (!existsSync(path.join(this.dir, 'run'))) return;
    for (const file of readdirSync(path.join(this.dir, 'run')).filter(f => f.endsWith('.pid')))
      signal(processes(Number(this.file(`run/${file}`))), 'SIGKILL');
  }

  summary() { return JSON.parse(this.file('fleet.json')); }
  port(name) { return this.summary().processes[name].port; }
  // A process with its children: a server that forks is stopped as a whole.
  signal(name, how) { signal(processes(Number(this.file(`run/${name}.pid`))), how); }
  async ready(name) { return (await fetch(`http://127.0.0.1:${this.port(name)}/readyz`)).json(); }

  // Each fault: how it begins, and how it is mended.
  fault(how, name) {
    const proxy = this.proxies[name];
    return {
      kill: [() => this.signal(name, 'SIGKILL'), () => this.command('start', name)],
      pause: [() => this.signal(name, 'SIGSTOP'), () => this.signal(name, 'SIGCONT')],
      cut: [() => proxy.cut(), () => proxy.resume()],
      blackhole: [() => proxy.blackhole(), () => proxy.resume()],
      'half-close': [() => proxy.halfClose(), () => proxy.resume()],
      'slow by 100 ms': [() => proxy.delay(50), () => proxy.resume()],
      'fail over': [() => this.cluster.kill(), () => this.cluster.promote()],
    }[how];
  }
}

function processes(pid) {
  try {
    return [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)];
  } catch {
    return [];
  }
}
function signal(pids, how) {
  for (const pid of pids) try { process.kill(pid, how); } catch { /* it ended by itself */ }
}
