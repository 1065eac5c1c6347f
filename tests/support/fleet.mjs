// A split fleet of tools/fleet for a test file: two authentication, one management, one hashing, one extensions, one worker behind nginx, on a
// database of its own. It ends with the test process however that ends: tools/fleet holds it while its input is open.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { newDatabase } from './postgres.mjs';

const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../tools/fleet');
const fleets = new Map(); // by port of the proxy

class Fleet {
  constructor(child, directory) {
    Object.assign(this, { child, directory });
    const { base_url, ca_file, processes, ready } = JSON.parse(readFileSync(path.join(directory, 'fleet.json'), 'utf8'));
    const { port } = new URL(base_url);
    this.ready = { ...ready, base_url, ca_file };
    Object.assign(this, { base: base_url, processes, port, tenants: this.ready.tenants });
    fleets.set(port, this);
  }
  tenant(name) { return name ? this.tenants.find(t => t.name === name) : this.tenants[0]; }
  log() {
    const folder = path.join(this.directory, 'log');
    return readdirSync(folder).map(name => readFileSync(path.join(folder, name), 'utf8')).join('');
  }

  // Returns when every process that did not make a change of `host`'s configuration knows it.
  caughtUp(host) {
    return Promise.all(['authentication-1', 'authentication-2'].map(name => validated(this.processes[name].port, host)));
  }

  async stop() {
    fleets.delete(this.port);
    const gone = new Promise(resolve => this.child.once('exit', resolve));
    this.child.stdin.end();
    const code = await gone;
    if (code !== 0) throw new Error(`the fleet did not stop well: ${code}\n${this.child.said}`);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// RFC 9111 §5.2.1.4: with no-cache a process answers from the configuration of this moment.
function validated(port, host) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: '/.well-known/openid-configuration', headers: { host, 'cache-control': 'no-cache' } },
      response => { response.resume(); response.once('end', resolve); }).once('error', reject);
  });
}

// A fleet hears of a change within milliseconds, a test goes on at once: like an operator who wants to see a change everywhere,
// who changes something here waits until all processes have it.
const { fetch } = globalThis;
async function fetchAndCatchUp(input, init) {
  const response = await fetch(input, init);
  const url = new URL(input.url ?? input), method = (init?.method ?? input.method ?? 'GET').toUpperCase();
  if (method !== 'GET' && url.pathname.startsWith('/api/v2/')) await fleets.get(url.port)?.caughtUp(url.host);
  return response;
}

function started(child) {
  return new Promise((resolve, reject) => {
    child.said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', data => { child.said += data; if (/^ready$/m.test(child.said)) resolve(); });
    child.once('exit', code => reject(new Error(`tools/fleet ended with ${code}:\n${child.said}`)));
  });
}

export async function startFleet({ binary, seeds, env }) {
  globalThis.fetch = fetchAndCatchUp;
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-fleet-'));
  const child = spawn(script, ['hold', '--dir', directory, '--store', await newDatabase(), '--mail-catcher',
    ...seeds.flatMap(seed => ['--seed', seed])], { stdio: ['pipe', 'pipe', 'pipe'], env: {
    // Files run side by side on one database server of 300 connections.
    ...process.env, DURWARD: binary, DURWARD_STORE_WRITE_CONNECTIONS: '6', ...env } });
  try {
    await started(child);
  } catch (error) {
    const log = path.join(directory, 'log');
    if (existsSync(log)) for (const name of readdirSync(log)) error.message += `\n${name}: ${readFileSync(path.join(log, name), 'utf8').slice(-1000)}`;
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return new Fleet(child, directory);
}
