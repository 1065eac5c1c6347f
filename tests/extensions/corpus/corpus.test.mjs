// The corpus against a worker.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Egress } from '../runtime/egress.mjs';
import { Worker, engine, node } from '../runtime/worker.mjs';
import { cases, check, folder } from './corpus.mjs';
import { startService } from './service.mjs';

const { rows, handlers } = createRequire(import.meta.url)(path.join(engine, 'runtime/api/index.js'));
const host = 'users.example.com';

// What a case did, in a few words.
function summary({ results, console: lines, output }) {
  const said = lines.length ? `${lines.length} line${lines.length === 1 ? '' : 's'}` : '';
  const gave = output.arguments
    ? `calls back with ${JSON.stringify(output.arguments)}`
    : output.context
      ? 'goes on with user and context'
      : '';
  const of = ({ commands, error }) => {
    const names = [...new Set(commands.map(command => `\`${command.name}\``))];
    const many = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more methods`] : names;
    return [...many, ...(error ? [`fails (${error.kind}): ${error.name}: ${error.message}`] : [])].join(', ');
  };
  return [...results.map(of), gave, said].filter(Boolean).join('; ') || 'nothing';
}
const tableRow = (name, outcome) =>
  `| ${name.replace(': ', ' | ')} | ${summary(outcome).replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 240)} |\n`;

describe('the corpus', () => {
  let egress, service, worker;
  const table = [];
  before(async () => {
    service = await startService();
    egress = await new Egress().start();
    egress.hosts[host] = '127.0.0.1';
    worker = new Worker({ egress });
    await worker.ready;
  });
  after(async () => {
    if (process.env.CORPUS_TABLE) writeFileSync(process.env.CORPUS_TABLE, table.join(''));
    await worker.stop();
    await service.stop();
    await egress.stop();
  });

  for (const [i, { name, expect }] of cases('').entries()) {
    it(name, async () => {
      const outcome = await worker.run(cases(service.url(host))[i].call);
      table.push(tableRow(name, outcome));
      check(outcome, expect);
    });
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
