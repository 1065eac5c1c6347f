// A TCP proxy between a process and what it depends on, which can break the way networks break. It knows no protocol.
//   resume     everything passes (also what was held)
//   cut        every connection is reset, new ones are refused
//   blackhole  connections stay and new ones are accepted, but no byte passes: a lost route, a dropped firewall state
//   delay MS   every piece of either direction passes MS later
//   halfClose  whoever connected hears the end (FIN) while what it sends still passes
import net from 'node:net';

export class FaultProxy {
  #server; #links = new Set(); #mode = 'pass'; #delay = 0;

  // `target`: a port of this host, or a function that says which, asked for each connection.
  constructor(target) { this.target = typeof target === 'function' ? target : () => target; }

  async start() {
    await this.#listen(0);
    this.port = this.#server.address().port;
    return this;
  }
  get connections() { return this.#links.size; }

  async cut() {
    this.#mode = 'cut';
    const closed = this.#server && new Promise(resolve => this.#server.close(resolve));
    this.#server = undefined;
    for (const link of this.#links) link.reset();
    await closed;
  }
  blackhole() { this.#mode = 'blackhole'; for (const link of this.#links) link.hold(); }
  delay(ms) { this.#delay = ms; }
  halfClose() { for (const link of this.#links) link.halfClose(); }
  async resume() {
    this.#mode = 'pass';
    this.#delay = 0;
    if (!this.#server) await this.#listen(this.port);
    for (const link of this.#links) link.release();
  }
  async stop() { await this.cut(); }

  #listen(port) {
    // A socket of `server` is read only once its other side is there, so nothing it sends is lost.
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, near => this.#accept(near));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => { this.#server = server; resolve(); });
    });
  }
  #accept(near) {
    const link = new Link(near, this.target(), () => this.#delay, () => this.#links.delete(link));
    this.#links.add(link);
    if (this.#mode === 'blackhole') link.hold();
  }
}

// One connection: what each side sends is queued for the other, and leaves the queue unless it is held.
class Link {
  #held = false; #ended = false;

  constructor(near, port, delay, gone) {
    const far = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    Object.assign(this, { near, far, delay, gone, queues: [[], []] });
    for (const [from, to, queue] of [[near, far, this.queues[0]], [far, near, this.queues[1]]]) {
      from.setNoDelay(true);
      from.on('data', data => this.#pass(queue, to, data));
      from.on('end', () => this.#pass(queue, to, null));
      from.on('error', () => this.reset());
      from.on('close', () => { if (near.closed && far.closed) this.#finish(); });
    }
    near.resume();
  }
  #pass(queue, to, data) {
    const at = performance.now() + this.delay();
    queue.push({ to, data, at });
    if (at > performance.now()) setTimeout(() => this.#flush(queue), Math.ceil(this.delay()));
    else this.#flush(queue);
  }
  #flush(queue) {
    while (!this.#held && queue.length && queue[0].at <= performance.now() + 1) {
      const { to, data } = queue.shift();
      if (data === null) to.end();
      else if (!to.writableEnded) to.write(data);
    }
  }
  hold() { this.#held = true; }
  release() {
    this.#held = false;
    for (const queue of this.queues) { for (const piece of queue) piece.at = 0; this.#flush(queue); }
  }
  halfClose() { this.near.end(); }
  reset() {
    for (const socket of [this.near, this.far]) if (!socket.destroyed) socket.resetAndDestroy();
    this.#finish();
  }
  #finish() { if (!this.#ended) { this.#ended = true; this.gone(); } }
}
