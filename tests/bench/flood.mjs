// People who sign in without a pause, `width` at once, until they are told to stop: run by hashing.mjs as a process of its own.
import os from 'node:os';
import { openPage, sendPassword } from './driver.mjs';
import { Connection } from './support.mjs';

// Behind what is measured: people are not processes of the server's host.
os.setPriority(0, Math.min(19, os.getPriority() + 5));
const { port, width, target } = JSON.parse(process.argv[2]);
const connections = await Promise.all(Array.from({ length: width }, async () => {
  const connection = new Connection(port);
  await connection.open();
  return connection;
}));
process.once('SIGTERM', () => process.exit(0));
connections.forEach(async (connection, n) => {
  for (let i = n; ; i += width) {
    const visit = await openPage(connection, { ...target, username: `u${i % 64}@bench.example` });
    const answer = await sendPassword(connection, visit);
    if (answer.status === 503) await new Promise(resolve => setTimeout(resolve, 1000));
    else if (answer.status !== 302) throw new Error(`password: ${answer.status} ${answer.body.slice(0, 300)}`);
  }
});
process.send('begun');
