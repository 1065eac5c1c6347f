// The surface of the management API: which of its operations are served, with the scopes that clients expect, and that
// the rest answer like an API that lacks them.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createWorld } from '../support/world.mjs';

const operations = JSON.parse(readFileSync(new URL('operations.json', import.meta.url)));
// Families that must be whole: every operation of them is served.
const whole = ['client-grants', 'roles', 'tenants', 'logs', 'tickets', 'grants', 'users-by-email',
  'actions', 'rules', 'rules-configs', 'hooks', 'emails', 'event-streams'];
// What Durward has beside them (docs/compatibility.md).
const additions = ['GET /actions/logs/tail'];
const shape = path => path.replace(/\{[^}]+\}/g, '{}');

describe('surface of API v2', () => {
  let world, served, document;
  before(async () => {
    world = await createWorld();
    document = await (await fetch(world.url('/.well-known/openapi.json'))).json();
    served = new Map();
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods))
        if (path.startsWith('/api/v2/')) served.set(`${method.toUpperCase()} ${shape(path.slice('/api/v2'.length))}`, operation);
  });
  after(() => world?.close());

  it('describes itself as OpenAPI 3.1', () => {
    assert.match(document.openapi, /^3\.1\./);
    const ids = Object.values(document.paths).flatMap(methods => Object.values(methods).map(o => o.operationId));
    assert.equal(new Set(ids).size, ids.length);
    for (const reference of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(document.components.schemas[reference[1]], `${reference[1]} is referred to and missing`);
  });

  it('serves the whole of the families it has', () => {
    // Groups are a resource of their own that is still absent.
    const missing = operations.filter(o => whole.includes(o.path.split('/')[1]) && !o.path.endsWith('/groups') && !served.has(`${o.method} ${shape(o.path)}`));
    assert.deepEqual(missing.map(o => `${o.method} ${o.path}`), []);
  });

  it('asks for the scopes that clients were given', () => {
    const wrong = [];
    for (const o of operations) {
      const operation = served.get(`${o.method} ${shape(o.path)}`);
      if (!operation || !o.scopes.length) continue;
      const scopes = (operation.security ?? []).flatMap(s => Object.values(s).flat());
      if (!o.scopes.some(scope => scopes.includes(scope))) wrong.push(`${o.method} ${o.path}: ${scopes} instead of ${o.scopes}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('answers 404 in the shape of the API for what it lacks', async () => {
    const absent = operations.filter(o => !served.has(`${o.method} ${shape(o.path)}`));
    for (const o of absent.filter((_, i) => i % 10 === 0)) {
      const { status, body } = await world.api(o.method, o.path.replace(/\{[^}]+\}/g, 'x'), ['POST', 'PUT', 'PATCH'].includes(o.method) ? {} : undefined);
      assert.ok([404, 405].includes(status), `${o.method} ${o.path}: ${status}`);
      assert.equal(body.statusCode, status);
    }
    if (process.env.SURFACE_FILE) writeFileSync(process.env.SURFACE_FILE, JSON.stringify(families(served), null, 1));
  });

  it('lists no operation that the API does not have', () => {
    const known = new Set([...operations.map(o => `${o.method} ${shape(o.path)}`), ...additions]);
    assert.deepEqual([...served.keys()].filter(key => !known.has(key)), []);
  });
});

function families(served) {
  const out = {};
  for (const o of operations) {
    const family = (out[o.path.split('/')[1]] ??= { served: [], absent: [] });
    family[served.has(`${o.method} ${shape(o.path)}`) ? 'served' : 'absent'].push(`${o.method} ${o.path}`);
  }
  return out;
}
