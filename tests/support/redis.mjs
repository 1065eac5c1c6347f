// A throw-away redis-server on a free port for a test file; it keeps nothing, and can be killed and started again at its port.
import { spawn } from 'node:child_process';
import { freePort } from './postgres.mjs';

export class Redis {
  async start() {
    this.port ??= await freePort();
    this.child = spawn('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    this.end ??= () => this.child.kill('SIGKILL');
    process.once('exit', this.end);
    await new Promise((resolve, reject) => {
      let text = '';
      this.child.once('error', reject);
      this.child.once('exit', code => reject(new Error(`redis-server ended with ${code}: ${text}`)));
      this.child.stdout.on('data', data => {
        text += data;
        if (text.includes('Ready to accept connections')) resolve();
      });
    });
    return this;
  }
  get url() { return `redis://127.0.0.1:${this.port}`; }
  async kill() {
    process.off('exit', this.end);
    const gone = new Promise(resolve => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}
