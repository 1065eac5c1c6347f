// What a newcomer sees: `durward dev`, its sample application, the demo user, and the mail catcher.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openChromium } from '../support/chromium.mjs';
import { binary, trust } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';

const sdk = fileURLToPath(new URL('../../web/sample/node_modules/@auth0/auth0-spa-js', import.meta.url));

const here = existsSync(sdk) ? embeddedOnly('`durward dev` is one process') : { skip: 'the npm package of web/sample is not installed' };

describe('durward dev', here, () => {
  let child, directory, chromium, lines = '';
  before(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'durward-dev-'));
    child = spawn(binary, ['dev', '--data', directory, '--listen', '127.0.0.1:0', '--sample-listen', '127.0.0.1:0',
      '--sample-dir', fileURLToPath(new URL('../../web/sample', import.meta.url))], { stdio: ['ignore', 'pipe', 'pipe'] });
    const killed = () => child.kill('SIGKILL');
    process.once('exit', killed);
    await new Promise((resolve, reject) => {
      child.once('exit', code => reject(new Error(`ended with ${code}: ${lines}`)));
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', data => { lines += data; if (/Ready after/.test(lines)) resolve(); });
    });
    child.once('exit', () => process.off('exit', killed));
    chromium = await openChromium();
  });
  after(async () => {
    await chromium?.close();
    if (child?.exitCode === null) {
      const gone = new Promise(resolve => child.once('exit', resolve));
      child.kill('SIGTERM');
      assert.equal(await gone, 0);
    }
    if (directory) rmSync(directory, { recursive: true, force: true });
  });
  const line = name => lines.match(new RegExp(`^${name} +(\\S+)`, 'm'))[1];

  it('signs the demo user in at the sample application, renews silently and signs out', async () => {
    const page = await chromium.newPage();
    await page.goto(line('Sign in'));
    await page.fill('input[name=username]', line('User'));
    await page.fill('input[name=password]', lines.match(/^User .*\/ (\S+)$/m)[1]);
    await page.click('button[type=submit]');
    await page.waitForFunction(() => /Signed in as demo@example.com/.test(document.body.textContent));
    await page.click('#renew');
    await page.waitForFunction(() => /A new token came through a hidden frame/.test(document.body.textContent));
    await page.click('#logout');
    await page.waitForFunction(() => /You are not signed in/.test(document.body.textContent));
    await page.close();
  });

  it('prints only addresses that answer', async () => {
    trust(readFileSync(line('Trust'), 'utf8'));
    for (const name of ['Tenant', 'Sample', 'Caught mail', 'Discovery', 'Interface', 'Health']) {
      const response = await fetch(line(name).replace('demo.localhost', 'localhost'));
      assert.equal(response.status, 200, name);
    }
  });
});
