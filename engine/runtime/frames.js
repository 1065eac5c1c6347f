'use strict';
// Descriptor 3: frames of four bytes of length, big endian, then JSON (README.md).
const fs = require('node:fs');
const net = require('node:net');
const { uncurry, parse, byteLength } = require('./primordials.js');
const { wellFormed } = require('./text.js');

const BYTES_MAX = 4 * 1024 * 1024;
const BAD_FRAME = 70; // exit code, EX_SOFTWARE: the supervisor does not keep to the protocol
const { writeSync } = fs;
const exit = process.reallyExit.bind(process);
const allocate = Buffer.allocUnsafe;
const [writeLength, writeText, toText, copy, part, readLength] = [
  'writeUInt32BE',
  'utf8Write',
  'utf8Slice',
  'copy',
  'subarray',
  'readUInt32BE',
].map(name => uncurry(Buffer.prototype[name]));

// The whole frames in what has arrived; the rest is kept for the next bytes.
class Reader {
  constructor(take) {
    this.take = take;
    this.kept = allocate(64 * 1024);
    this.size = 0;
  }

  push(bytes) {
    this.keep(bytes);
    let at = 0;
    while (this.size - at >= 4) {
      const length = readLength(this.kept, at);
      if (length > BYTES_MAX) exit(BAD_FRAME);
      if (this.size - at - 4 < length) break;
      this.take(decode(toText(this.kept, at + 4, at + 4 + length)));
      at += 4 + length;
    }
    if (at > 0) copy(this.kept, this.kept, 0, at, this.size);
    this.size -= at;
  }

  keep(bytes) {
    if (this.size + bytes.length > this.kept.length) {
      const larger = allocate(Math.max(this.size + bytes.length, 2 * this.kept.length));
      copy(this.kept, larger, 0, 0, this.size);
      this.kept = larger;
    }
    copy(bytes, this.kept, this.size, 0, bytes.length);
    this.size += bytes.length;
  }
}

function decode(text) {
  try {
    return parse(text);
  } catch {
    return exit(BAD_FRAME);
  }
}

function put(bytes, text, at, length) {
  writeLength(bytes, length, at);
  writeText(bytes, text, at + 4, length);
}

// open(take, closed) → {send(text, next?)}. `take` gets each frame as an object, `closed` is called when the other side is gone.
function open(take, closed) {
  const reader = new Reader(take);
  const socket = new net.Socket({
    fd: 3,
    readable: true,
    writable: true,
    onread: {
      buffer: allocate(64 * 1024),
      callback: (size, buffer) => {
        reader.push(part(buffer, 0, size));
        return true;
      },
    },
  });
  socket.on('end', closed).on('error', closed).on('close', closed);
  const writeLater = socket.write.bind(socket);
  const queue = bytes => {
    if (bytes.length > 0) writeLater(bytes);
  };

  // Written at once, so that a line that was said before an endless loop has left; what the kernel does not take waits its turn.
  function write(bytes) {
    if (socket.writableLength > 0) return queue(bytes);
    let written = 0;
    try {
      written = writeSync(3, bytes, 0, bytes.length);
    } catch (error) {
      if (error.code !== 'EAGAIN') return closed();
    }
    return queue(part(bytes, written));
  }

  // One frame or two, by one system call, which is most of what a short run costs.
  function send(given, following) {
    const text = wellFormed(given);
    const next = following === undefined ? undefined : wellFormed(following);
    const first = byteLength(text);
    const second = next === undefined ? 0 : 4 + byteLength(next);
    const bytes = allocate(4 + first + second);
    put(bytes, text, 0, first);
    if (second > 0) put(bytes, next, 4 + first, second - 4);
    write(bytes);
  }
  return { send };
}

module.exports = { open, BYTES_MAX };
