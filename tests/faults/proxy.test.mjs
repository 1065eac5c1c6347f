// The proxy of the fault suite does to a connection what its words say.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { FaultProxy } from '../support/fault-proxy.mjs';

// Says back everything, and "bye" once it was told that nothing more comes.
function echo() {
  const server = net.createServer({ allowHalfOpen: true }, socket => {
    socket.on('data', data => socket.write(data));
    socket.on('end', () => socket.end('bye'));
    socket.on('error', () => {});
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe('the fault proxy', () => {
  let server, proxy;
  before(async () => {
    server = await echo();
    proxy = await new FaultProxy(() => server.address().port).start();
  });
  beforeEach(() => proxy.resume());
  after(async () => {
    await proxy.stop();
    await new Promise(resolve => server.close(resolve));
  });

  async function connected() {
    const socket = net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }
  async function said(socket, text) {
    socket.write(text);
    return String((await once(socket, 'data'))[0]);
  }
  // What happens first.
  const outcome = socket => new Promise(resolve => {
    socket.once('data', data => resolve(`data ${data}`));
    socket.once('error', error => resolve(error.code));
    socket.once('end', () => resolve('end'));
  });
  const silentFor = async (socket, ms) => {
    const timer = new Promise(resolve => setTimeout(resolve, ms, 'silence'));
    return Promise.race([outcome(socket), timer]);
  };

  it('passes both directions and the end of each', async () => {
    const socket = await connected();
    assert.equal(await said(socket, 'hello'), 'hello');
    socket.end();
    assert.equal(await outcome(socket), 'data bye');
    await once(socket, 'close');
    assert.equal(proxy.connections, 0);
  });

  it('cut resets what is open and refuses what is new, until it resumes', async () => {
    const socket = await connected();
    await said(socket, 'x');
    const end = outcome(socket);
    await proxy.cut();
    assert.equal(await end, 'ECONNRESET');
    await assert.rejects(connected(), error => error.code === 'ECONNREFUSED');
    await proxy.resume();
    const again = await connected();
    assert.equal(await said(again, 'back'), 'back');
    again.destroy();
  });

  it('a blackhole takes connections and bytes and gives nothing back, until it resumes', async () => {
    const old = await connected();
    await said(old, 'x');
    proxy.blackhole();
    old.write('old');
    const fresh = await connected();
    fresh.write('fresh');
    assert.deepEqual(await Promise.all([silentFor(old, 150), silentFor(fresh, 150)]), ['silence', 'silence']);
    const answers = Promise.all([outcome(old), outcome(fresh)]);
    await proxy.resume();
    assert.deepEqual(await answers, ['data old', 'data fresh']);
    old.destroy();
    fresh.destroy();
  });

  it('delays each direction', async () => {
    const socket = await connected();
    await said(socket, 'x');
    proxy.delay(60);
    const begin = performance.now();
    assert.equal(await said(socket, 'slow'), 'slow');
    assert.ok(performance.now() - begin >= 115, `${performance.now() - begin} ms`);
    socket.destroy();
  });

  it('half-closes: the end comes, and what is sent still passes', async () => {
    const socket = await connected();
    await said(socket, 'x');
    const end = outcome(socket);
    proxy.halfClose();
    assert.equal(await end, 'end');
    const peer = new Promise(resolve => server.getConnections((_, n) => resolve(n)));
    assert.equal(await peer, 1);
    socket.end('last words');
    await once(socket, 'close');
  });

  it('a target that is not there resets who connects', async () => {
    const nowhere = await new FaultProxy(1).start();
    assert.equal(await outcome(net.connect(nowhere.port, '127.0.0.1')), 'ECONNRESET');
    await nowhere.stop();
  });
});
