// Headless Chromium from Debian's package, driven by playwright-core. Quiet: no look-ups of its own.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

// Chromium was seen to hang while it closes, with all its work done: then it is ended, and the run goes on.
async function closed(context, profile) {
  let timer;
  const patience = new Promise(resolve => { timer = setTimeout(() => resolve('hangs'), 20_000); });
  if (await Promise.race([context.close(), patience]) === 'hangs') {
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try { if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(profile)) process.kill(Number(pid), 'SIGKILL'); } catch { /* it is gone */ }
    }
  }
  clearTimeout(timer);
}

export async function openChromium({ javaScriptEnabled = true } = {}) {
  const profile = mkdtempSync(path.join(tmpdir(), 'durward-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, ignoreHTTPSErrors: true,
    javaScriptEnabled, locale: 'en-GB',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  context.setDefaultTimeout(20_000);
  return {
    context, newPage: () => context.newPage(),
    async close() {
      await closed(context, profile);
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
