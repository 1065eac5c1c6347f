// A flood from a process of its own: node flooder.mjs PORT HOST PATH TOKEN WIDTH. Says "1" when it flows; when its input ends, one line
// of JSON {status: count}.
import { Connection } from './support.mjs';

const [port, host, path, token, width] = process.argv.slice(2);
const counts = {};
let flowing = true;
process.stdin.on('end', () => { flowing = false; }).resume();
const connections = Array.from({ length: Number(width) }, () => new Connection(Number(port)));
await Promise.all(connections.map(c => c.open()));
console.log('1');
await Promise.all(connections.map(async connection => {
  while (flowing) {
    const { status } = await connection.request('GET', path, host, { headers: `Authorization: Bearer ${token}\r\n` });
    counts[status] = (counts[status] ?? 0) + 1;
  }
}));
console.log(JSON.stringify(counts));
process.exit(0);
