// The corpus through the built binary: supervisor, sandbox and way out as in production.
import { after, before, describe, it } from 'node:test';
import { startProcess } from '../support/server.mjs';
import { extensionArgs, notNice, runScripts } from '../support/scripts.mjs';
import { cases, check } from './corpus/corpus.mjs';
import { startService } from './corpus/service.mjs';

const host = 'localhost';

// The corpus speaks of one list of lines and of one script's result where there is one.
const flat = ({ refused, results = [], output }) => {
  if (refused) throw new Error(`refused: ${JSON.stringify(refused)}`);
  return { results, output, console: results.flatMap(result => result.console) };
};

describe('the corpus in the sandbox', () => {
  let server, service;
  before(async () => {
    service = await startService();
    server = await startProcess({ ephemeral: true, args: [...extensionArgs, ...notNice, '--egress-allow', `${host}:${new URL(service.url(host)).port}`] });
  });
  after(async () => {
    await server?.stop();
    await service.stop();
  });

  for (const [i, { name, expect }] of cases('').entries()) {
    it(name, async () => check(flat(await runScripts(server, cases(service.url(host))[i].call)), expect));
  }
});
