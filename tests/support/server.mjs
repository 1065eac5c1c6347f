// Starts the built binary for a test file and stops it again. Free port, nothing on disk but a temporary directory,
// no process left behind.
import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { startFleet } from './fleet.mjs';
import { newDatabase } from './postgres.mjs';
import { target } from './target.mjs';

// RFC 6761 §6.3: names below localhost are this machine; not every resolver knows.
const { lookup } = dns;
dns.lookup = (name, options, done) =>
  lookup(/(^|\.)localhost$/.test(name) ? '127.0.0.1' : name, options, done);

const here = path.dirname(fileURLToPath(import.meta.url));
export const binary = process.env.BINARY_UNDER_TEST ?? path.join(here, '../../build/dev/durward');
export const seedFile = path.join(here, 'acme.yaml');

export class Server {
  constructor(child, ready, directory, output) {
    this.child = child;
    this.ready = ready;
    this.directory = directory;
    this.output = output;
    this.base = ready.base_url.replace(/\/$/, '');
    this.tenants = ready.tenants;
  }
  log() { return this.output.join(''); }
  tenant(name) { return name ? this.tenants.find(t => t.name === name) : this.tenants[0]; }

  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise(resolve => this.child.once('exit', (code, sig) => resolve(code ?? sig)));
      this.child.kill(signal);
      await gone;
    }
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
    return this.child.exitCode ?? this.child.signalCode;
  }
}

// Resolves once `file` exists; the directory is watched, nobody polls the clock.
function appears(file, child, output) {
  return new Promise((resolve, reject) => {
    const watcher = watch(path.dirname(file), check);
    const failed = code => {
      watcher.close();
      reject(new Error(`durward ended with ${code}:\n${output.join('')}`));
    };
    child.once('exit', failed);
    child.once('error', failed);
    function check() {
      if (!existsSync(file)) return;
      let ready;
      try { ready = JSON.parse(readFileSync(file, 'utf8')); } catch { return; }
      watcher.close();
      child.off('exit', failed);
      resolve(ready);
    }
    check();
  });
}

// What is under test (target.mjs): one process, or a fleet that answers at the same addresses. options: seeds (files), args
// (more flags, for a process only), env.
export async function startServer({ seeds = [seedFile], args = [], env = {}, ...rest } = {}) {
  if (Object.keys(rest).length) throw new Error(`${Object.keys(rest)}: only startProcess knows that`);
  if (target !== 'fleet') return startProcess({ seeds, args, env, ephemeral: true });
  if (args.length) throw new Error(`a fleet takes no flags of one process: ${args}; see embeddedOnly`);
  const fleet = await startFleet({ binary, seeds, env });
  trust(readFileSync(fleet.ready.ca_file, 'utf8'));
  return fleet;
}

// One process, whatever the target. An ephemeral one keeps its data in memory or, when the target is postgres, in a database of
// its own, and is the same otherwise; unless it is to be repeatable. `program`: another binary than the one under test.
export async function startProcess({ seeds = [seedFile], args = [], ephemeral = false, env = {}, program = binary } = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-test-'));
  const readyFile = path.join(directory, 'ready.json');
  const flags = ['serve', ...(args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']), '--ready-file', readyFile, ...args];
  const repeatable = args.includes('--fixed-time') || args.includes('--seed-random');
  if (ephemeral && target === 'postgres' && !repeatable)
    flags.push('--store', await newDatabase(), '--data', path.join(directory, 'data'), '--mail-catcher');
  else if (ephemeral) flags.push('--ephemeral');
  for (const seed of seeds) flags.push('--seed', seed);
  const output = [];
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => output.push(data.toString()));
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.off('exit', killed));
  const ready = await appears(readyFile, child, output);
  if (ready.ca_file) trust(readFileSync(ready.ca_file, 'utf8'));
  return new Server(child, ready, directory, output);
}

// Every client of this process (fetch, https, the SDKs) trusts the server's local CA from now on.
export function trust(pem) {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pem]);
}
