// The processes that run customers' code, from outside: when they come, and that they go with the server however it ends.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { action, extensionArgs, notNice, runScripts } from '../support/scripts.mjs';
import { startProcess } from '../support/server.mjs';

const stat = pid => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
    return { state: fields[0], parent: Number(fields[1]) };
  } catch {
    return undefined;  // gone meanwhile
  }
};
const isAlive = pid => ![undefined, 'Z'].includes(stat(pid)?.state);
function descendants(pid) {
  const children = readdirSync('/proc').filter(name => /^\d+$/.test(name) && stat(name)?.parent === pid).map(Number);
  return children.flatMap(child => [child, ...descendants(child)]);
}
async function until(condition, what) {
  const end = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < end, what);
    await setImmediate();
  }
}
const start = (...args) => startProcess({ ephemeral: true, seeds: [], args: [...extensionArgs, ...notNice, ...args] });

describe('processes of customers’ code', () => {
  it('there are none before the first call, and the warm one and the tenant’s after it', async () => {
    const server = await start('--extensions-warm', '1');
    try {
      assert.deepEqual(descendants(server.child.pid), []);
      const { results } = await runScripts(server, action(''));
      assert.equal(results[0].error, undefined);
      await until(() => descendants(server.child.pid).length === 4, 'bubblewrap and Node.js, twice');
    } finally {
      await server.stop();
    }
  });

  it('a role of its own starts its warm ones at once', async () => {
    const server = await start('--role', 'extensions', '--extensions-warm', '1');
    try {
      await until(() => descendants(server.child.pid).length === 2, 'one is warm');
    } finally {
      await server.stop();
    }
  });

  for (const signal of ['SIGTERM', 'SIGKILL']) {
    it(`after ${signal} none is left, whatever it was doing`, async () => {
      const server = await start();
      const call = runScripts(server, action('console.log(1); for (;;);'), { within: 3000 }).catch(() => 'cut');
      await until(() => descendants(server.child.pid).length >= 4, 'it runs');
      const all = descendants(server.child.pid);
      await server.stop(signal);
      await until(() => !all.some(isAlive), 'they end');
      await call;
    });
  }

  it('a tenant’s process that did nothing for a while is gone', async () => {
    const server = await start('--extensions-warm', '1', '--extensions-idle', '1');
    try {
      await runScripts(server, action(''));
      await until(() => descendants(server.child.pid).length === 2, 'only the warm one is left');
    } finally {
      await server.stop();
    }
  });

  it('a process stands still when its calls are over, however busy its code left it, and goes on with the next', async () => {
    const server = await start('--extensions-warm', '1');
    try {
      const counting = action('global.turns ??= 0; global.timer ??= setInterval(() => ++global.turns, 1); console.log(global.turns);');
      await runScripts(server, counting);
      await until(() => descendants(server.child.pid).some(pid => stat(pid)?.state === 'T'), 'it stands still');
      const { results } = await runScripts(server, counting);
      assert.equal(results[0].error, undefined);
      assert.ok(Number(results[0].console[0].text) < 2500, 'it got a second, not more');
    } finally {
      await server.stop();
    }
  });

  it('without the engine every call is refused as disabled', async () => {
    const server = await start('--engine', '/nowhere');
    try {
      const { refused } = await runScripts(server, action(''));
      assert.equal(refused.code, 'extensions_disabled');
    } finally {
      await server.stop();
    }
  });

  it('the metrics count calls, processes and what became of them', async () => {
    const server = await start();
    try {
      await runScripts(server, action(''));
      await runScripts(server, action('throw new Error("mine");'));
      const text = await (await fetch(`${server.base}/metrics`)).text();
      assert.match(text, /durward_script_calls_total\{outcome="ok"\} 1\n/);
      assert.match(text, /durward_script_calls_total\{outcome="thrown"\} 1\n/);
      assert.match(text, /durward_script_seconds_count 2\n/);
      assert.match(text, /durward_script_workers\{state="warm"\} \d/);
    } finally {
      await server.stop();
    }
  });
});
