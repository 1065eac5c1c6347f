// run.mjs OPTION... FILE...: node --test of this node, with what the files of a run share: one PostgreSQL server for those whose
// servers need databases.
import { spawn } from 'node:child_process';
import { shareCluster } from './postgres.mjs';
import { needsSandbox, noSandbox } from './sandbox.mjs';
import { target } from './target.mjs';

if (target !== 'embedded') await shareCluster();
const words = process.argv.slice(2).filter(word => !noSandbox || !needsSandbox(word));
if (words.length < process.argv.length - 2) console.error(`== ${process.argv.length - 2 - words.length} files of customers' code are skipped: ${noSandbox}`);
// What hangs fails after a quarter of an hour instead of holding everything.
const child = spawn(process.execPath, ['--test', '--test-timeout=900000', ...words], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', code => process.exit(code ?? 1));
