// Debian's nats-server for a test: a free port, its data in a temporary directory, no process left behind.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export class NatsServer {
  static async start() {
    const server = new NatsServer();
    server.directory = mkdtempSync(path.join(tmpdir(), 'durward-nats-'));
    await server.run('-1');
    return server;
  }

  // The server writes NAME_PID.ports once it listens; the directory is watched, nobody polls the clock.
  async run(port) {
    for (const name of readdirSync(this.directory)) if (name.endsWith('.ports')) rmSync(path.join(this.directory, name));
    const listening = new Promise((resolve, reject) => {
      const watcher = watch(this.directory, () => {
        const name = readdirSync(this.directory).find(n => n.endsWith('.ports'));
        if (!name) return;
        let ports;
        try { ports = JSON.parse(readFileSync(path.join(this.directory, name), 'utf8')); } catch { return; }
        watcher.close();
        resolve(ports.nats[0]);
      });
      this.child = spawn('nats-server', ['-a', '127.0.0.1', '-p', port, '-js', '-sd', this.directory,
        '--ports_file_dir', this.directory, '-l', path.join(this.directory, 'log')], { stdio: 'ignore' });
      this.child.once('error', reject);
    });
    const killed = () => this.child.kill('SIGKILL');
    process.once('exit', killed);
    this.child.once('exit', () => process.off('exit', killed));
    this.url = await listening;
  }

  async kill() {
    const gone = new Promise(resolve => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
  restart() { return this.run(new URL(this.url).port); }
  loseEverything() { rmSync(path.join(this.directory, 'jetstream'), { recursive: true, force: true }); }

  async close() {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
