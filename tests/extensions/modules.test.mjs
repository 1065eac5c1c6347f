// npm modules that a script declares: fetched once in a sandbox of their own, then part of the code.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { action, bundleModules, extensionArgs, notNice, runScripts } from '../support/scripts.mjs';
import { startProcess } from '../support/server.mjs';

describe('declared npm modules', () => {
  let server;
  before(async () => { server = await startProcess({ ephemeral: true, seeds: [], args: [...extensionArgs, ...notNice] }); });
  after(() => server.stop());

  it('are bundled from the registry and required by the script', async t => {
    const { bundle, refused } = await bundleModules(server, [{ name: 'is-odd', version: '3.0.1' }]);
    if (refused?.kind === 'unavailable') return t.skip(`no registry: ${refused.message}`);
    assert.equal(refused, undefined);
    const { results } = await runScripts(server, action("console.log(require('is-odd')(3), require('is-odd')(4));", { modules: bundle }));
    assert.equal(results[0].error, undefined);
    assert.equal(results[0].console[0].text, 'true false');
  });

  it('that do not exist are refused with a sentence', async t => {
    for (const [name, version, sentence] of [['is-odd', '99.0.0', /is-odd/], ['../x', '1.0.0', /is not the name of a module/]]) {
      const { refused } = await bundleModules(server, [{ name, version }]);
      if (refused.kind === 'unavailable') return t.skip(`no registry: ${refused.message}`);
      assert.equal(refused.code, 'invalid_dependency');
      assert.match(refused.message, sentence);
    }
  });
});
