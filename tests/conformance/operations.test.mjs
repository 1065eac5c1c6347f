// What an operator's machinery relies on: probes, metrics, and a stop that loses nobody.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';

describe('operations', embeddedOnly('stops one process and gives it flags; tests/fleet stops processes of a fleet'), () => {
  const servers = [];
  const start = async (...args) => {
    const server = await startProcess({ args, ephemeral: true });
    servers.push(server);
    return server;
  };
  after(() => Promise.all(servers.map(server => server.stop('SIGKILL'))));

  it('a stop first says no at /readyz and goes on serving for the time of --drain-wait', async () => {
    const server = await start('--drain-wait', '3600');
    // Every request on a connection of its own, as those of new clients are.
    const get = path => fetch(server.base + path, { headers: { connection: 'close' } });
    assert.equal((await get('/readyz')).status, 200);
    server.child.kill('SIGTERM');
    let ready;
    do ready = await get('/readyz'); while (ready.status === 200);
    assert.equal(ready.status, 503);
    assert.deepEqual(await ready.json(), { status: 'draining' });
    assert.equal((await get('/healthz')).status, 200);
    assert.equal((await get('/.well-known/openid-configuration')).status, 200);
    assert.equal(server.child.exitCode, null);
    assert.equal(await server.stop('SIGTERM'), 'SIGTERM', 'a second signal ends the wait');
  });

  it('a stop without --drain-wait ends at once and well', async () => {
    const server = await start();
    assert.equal(await server.stop(), 0);
  });

  it('metrics are for this machine unless --metrics-from says otherwise', async () => {
    const behind = { headers: { 'x-forwarded-for': '198.51.100.7' } };
    const server = await start('--trusted-proxies', '127.0.0.1');
    assert.match(await (await fetch(`${server.base}/metrics`)).text(), /^durward_/m);
    const refused = await fetch(`${server.base}/metrics`, behind);
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /metrics-from/);
    const open = await start('--trusted-proxies', '127.0.0.1', '--metrics-from', '198.51.100.0/24');
    assert.equal((await fetch(`${open.base}/metrics`, behind)).status, 200);
    assert.equal((await fetch(`${open.base}/metrics`)).status, 403);
    await assert.rejects(start('--metrics-from', 'everybody'), /metrics-from must be addresses/);
  });
});
