// The corpus against a worker.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Egress } from '../runtime/egress.mjs';
import { Worker, engine, node } from '../runtime/worker.mjs';
import { cases, check, folder } from './corpus.mjs';
import { startService } from './service.mjs';

const { rows, handlers } = createRequire(import.meta.url)(path.join(engine, 'runtime/api/index.js'));
const host = 'users.example.com';

describe('the corpus', () => {
  let egress, service, worker;
  before(async () => {
    service = await startService();
    egress = await new Egress().start();
    egress.hosts[host] = '127.0.0.1';
    worker = new Worker({ egress });
    await worker.ready;
  });
  after(async () => {
    await worker.stop();
    await service.stop();
    await egress.stop();
  });

  for (const [i, { name, expect }] of cases('').entries()) {
    it(name, async () => check(await worker.run(cases(service.url(host))[i].call), expect));
  }

  it('has at least 60 scripts', () => {
    const scripts = readdirSync(folder, { recursive: true }).filter(file => /\.js$/.test(file));
    assert.ok(scripts.length >= 60, `${scripts.length}`);
  });

  const actions = cases('').filter(({ call }) => call.contract === 'action');
  for (const method of new Set(rows.map(row => row.method))) {
    it(`calls api.${method}`, () =>
      assert.ok(actions.some(({ call }) => call.scripts.some(script => script.code.includes(`api.${method}(`)))));
  }
  for (const trigger of Object.keys(handlers)) {
    it(`has a script for ${trigger}`, () => assert.ok(actions.some(({ call }) => call.trigger === trigger)));
  }
});

describe('docs/reference/actions-api.md', () => {
  it('is what the rows of the runtime say', () => {
    execFileSync(node, [path.join(engine, 'build/table.mjs'), '--check'], { stdio: 'pipe' });
  });
});
