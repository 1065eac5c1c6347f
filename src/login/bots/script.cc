#include "login/bots/script.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::login {
namespace {

// Finds c so that SHA-256(seed c) begins with enough zero bits, in slices of 12 ms while the person types; a
// submit before the end waits for it. What is for browsers without scripts goes away at once.
constexpr std::string_view script = R"js((() => {
  'use strict';
  const box = document.getElementById('challenge'), form = box.closest('form');
  const field = (name, value) => {
    const input = document.createElement('input');
    input.type = 'hidden'; input.name = name; input.value = value;
    box.append(input);
  };
  addEventListener('pageshow', event => event.persisted && location.reload());
  window.setupEnforcement = arkose => arkose.setConfig({
    selector: '#challenge', mode: 'inline', onCompleted: response => field('arkose-token', response.token),
  });
  const { seed, bits, token, wait } = box.dataset;
  if (!seed) return;
  box.querySelector('#written').remove();
  const status = box.querySelector('[role=status]'), bar = box.querySelector('progress');

  const K = new Int32Array(64), H = new Int32Array(8), W = new Int32Array(64);
  for (let n = 2, i = 0; i < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (i < 8) H[i] = (n ** (1 / 2) % 1) * 2 ** 32;
    K[i++] = (n ** (1 / 3) % 1) * 2 ** 32;
  }
  const turn = (x, n) => x >>> n | x << 32 - n;
  const put = (text, at) => {
    for (let i = 0; i < text.length; i += 4)
      W[at++] = text.charCodeAt(i) << 24 | text.charCodeAt(i + 1) << 16 | text.charCodeAt(i + 2) << 8 | text.charCodeAt(i + 3);
  };
  const firstWord = counter => {
    put(counter, 8);
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15], y = W[i - 2];
      W[i] = W[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + W[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10);
    }
    let [a, b, c, d, e, f, g, h] = H;
    for (let i = 0; i < 64; i++) {
      const t = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + K[i] + W[i] | 0;
      const u = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
    }
    return a + H[0] | 0;
  };
  put(seed, 0);
  W[10] = 1 << 31; W[15] = 320;

  let n = 0, done = false, waiting = null;
  const finish = counter => {
    done = true;
    field('captcha', counter);
    field('captcha_token', token);
    status.textContent = '';
    bar.hidden = true;
    if (waiting) form.requestSubmit(waiting.button);
  };
  const slice = () => {
    for (const until = performance.now() + 12; performance.now() < until;)
      for (let i = 0; i < 256; i++, n++) {
        const counter = n.toString(16).padStart(8, '0');
        if (Math.clz32(firstWord(counter)) >= bits) return finish(counter);
      }
    bar.value = 1 - Math.exp(-n / 2 ** bits);
    setTimeout(slice);
  };
  form.addEventListener('submit', event => {
    if (done) return;
    event.preventDefault();
    waiting = { button: event.submitter };
    status.textContent = wait;
    bar.hidden = false;
  });
  slice();
})();
)js";

}  // namespace

std::string_view challenge_script() { return script; }

const std::string& challenge_script_url() {
  static const std::string url = "/u/challenge.js?v=" + to_base64url(crypto::sha256(script)).substr(0, 12);
  return url;
}

}  // namespace durward::login
