'use strict';
// JSON text as the supervisor's parser takes it, and lists of words.
const { indexOf, charCodeAt, replace } = require('./primordials.js');

const DEPTH_MAX = 64; // of what a script gives; the parser takes 96
const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [34, 92, 91, 93, 123, 125];
const ESCAPE = /\\(?:ud[89a-f][0-9a-f]{2}|.)/g;

// RFC 8259 §8.2: half a surrogate pair is unpredictable; many parsers refuse it. JSON.stringify writes it as an escape.
const wellFormed = text => (indexOf(text, '\\ud') === -1 ? text : replace(ESCAPE, text, escape => (escape.length > 2 ? '\ufffd' : escape)));

// The position after the string that begins at `at`.
function afterString(text, at) {
  for (let i = at + 1; ; ++i) {
    const code = charCodeAt(text, i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) ++i;
  }
}

function isTooDeep(text) {
  let depth = 0;
  for (let i = 0; i < text.length; ++i) {
    const code = charCodeAt(text, i);
    if (code === QUOTE) i = afterString(text, i) - 1;
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) ++depth;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) --depth;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}

const words = text => text.trim().split(/\s+/);

module.exports = { words, wellFormed, isTooDeep, DEPTH_MAX };
