// Makes one tenant's calls from a process of its own, so that who measures others meanwhile does not measure this; it stands back, for whoever
// attacks does not use the server's processors for that. Started with fork(); a message is {server, call, tenant, within, atOnce, window, pause}:
// `atOnce` callers for `window` milliseconds, each with `pause` milliseconds from call to call at least. Answers the outcomes.
import { setPriority } from 'node:os';
import { runScripts } from './scripts.mjs';

setPriority(19);
const rest = ms => (ms > 0 ? new Promise(resolve => setTimeout(resolve, ms)) : null);

async function attack({ server, call, tenant, within, atOnce, window, pause }) {
  const outcomes = [], end = performance.now() + window;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let began = 0; began < end && !outcomes.at(-1)?.refused;) {
      await rest(began + pause - performance.now());
      began = performance.now();
      outcomes.push(await runScripts(server, call, { tenant, within }));
    }
  }));
  return outcomes;
}

process.on('message', async message => process.send(await attack(message).catch(error => ({ error: error.stack }))));
process.on('disconnect', () => process.exit());
