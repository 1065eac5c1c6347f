// Somebody who guesses passwords: requests from an address of choice (the server trusts this machine's X-Forwarded-For),
// and what the tenant log says about them.
export const trusting = ['--trusted-proxies', '127.0.0.1', '--bcrypt-cost', '4'];
export const realm = 'Username-Password-Authentication';

export async function post(url, body, ip) {
  const response = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json', ...(ip && { 'x-forwarded-for': ip }) }, body: JSON.stringify(body),
  });
  const text = await response.text();
  let parsed;
  try { parsed = JSON.parse(text); } catch { parsed = text; }
  return { status: response.status, body: parsed, code: parsed.error ?? parsed.code };
}

export class Guesser {
  // `world` may be several worlds of one installation: guesses go to them in turn.
  constructor(worlds, client) {
    this.worlds = [worlds].flat();
    this.client = client;
    this.turn = 0;
  }
  guess(username, word, ip, more = {}) {
    const world = this.worlds[this.turn++ % this.worlds.length];
    return post(world.url('/oauth/token'), {
      grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm, client_id: this.client.client_id,
      client_secret: this.client.client_secret, username, password: word, scope: 'openid', ...more,
    }, ip);
  }
}

// Runs `work(item)` for every item, `width` at a time.
export async function inParallel(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => { while (next < items.length) { const i = next++; results[i] = await work(items[i], i); } };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

// Log records of a type, oldest first.
export async function logged(world, type) {
  const out = [];
  for (let page = 0; ; ++page) {
    const { body } = await world.api('GET', `/logs?q=type:${type}&per_page=100&page=${page}&sort=date:1`);
    out.push(...body);
    if (body.length < 100) return out;
  }
}
