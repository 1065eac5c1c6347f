// kill -9 in a loop under load: everything that was acknowledged is there after the restart.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { seedFile, startProcess } from '../support/server.mjs';
import { embeddedOnly } from '../support/target.mjs';
import { World } from '../support/world.mjs';

const rounds = Number(process.env.KILL_ROUNDS ?? 3);
const writesPerRound = 150;

describe('kill -9 under load', embeddedOnly('kills one process on a SQLite file; tests/faults kills processes of a fleet'), () => {
  let data;
  before(() => { data = mkdtempSync(path.join(tmpdir(), 'durward-data-')); });
  after(() => rmSync(data, { recursive: true, force: true }));

  it('loses no acknowledged write', async () => {
    const acknowledged = new Map(); // role id -> name
    for (let round = 0; round <= rounds; ++round) {
      const server = await startProcess({
        seeds: round === 0 ? [seedFile] : [], args: ['--store', `sqlite:${data}/store.db`, '--data', data],
      });
      const world = new World(server, server.tenant('acme'));
      await world.managementToken().then(t => { world.apiToken = t; });

      const found = new Map();
      for (let page = 0; ; ++page) {
        const { body } = await world.api('GET', `/roles?per_page=100&page=${page}`);
        for (const role of body) found.set(role.id, role.name);
        if (body.length < 100) break;
      }
      for (const [id, name] of acknowledged) assert.equal(found.get(id), name, `round ${round}: ${name} is lost`);
      if (round === rounds) {
        console.log(`acknowledged ${acknowledged.size}, found ${[...acknowledged.keys()].filter(id => found.has(id)).length}`);
        await server.stop();
        break;
      }

      let started = 0, stop = false;
      const writer = async () => {
        while (!stop) {
          const name = `role ${round}-${++started}`;
          try {
            const { status, body } = await world.api('POST', '/roles', { name });
            if (status === 200) acknowledged.set(body.id, name);
            if (acknowledged.size >= (round + 1) * writesPerRound) stop = true;
          } catch { return; }
        }
      };
      const writers = Array.from({ length: 16 }, writer);
      await Promise.race(writers);
      const gone = server.stop('SIGKILL');
      await Promise.all(writers);
      await gone;
    }
    assert.ok(acknowledged.size >= rounds * writesPerRound);
  });
});
