// A person's browser without scripts, small enough to read: cookies per host, redirects by hand, forms filled like a
// person fills them. For protocol tests; the real browsers are in e2e/.
import http from 'node:http';
import https from 'node:https';
import { parse } from './html.mjs';

// fetch() would name itself a script (Sec-Fetch-Mode: cors), and a person's browser navigates.
function send(url, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).request(url, { method, headers }, response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('end', () => resolve({
        status: response.statusCode, text: Buffer.concat(chunks).toString(), cookies: response.headers['set-cookie'] ?? [],
        headers: new Headers(Object.entries(response.headers).map(([n, v]) => [n, String(v)])),
      }));
    });
    request.once('error', reject);
    request.end(body);
  });
}

export class Browser {
  constructor({ userAgent = 'Mozilla/5.0 (test) Browser', headers = {} } = {}) {
    this.cookies = new Map(); // host -> Map(name -> value)
    this.headers = { 'user-agent': userAgent, accept: 'text/html', ...headers };
  }

  jar(url) {
    const host = new URL(url).host;
    if (!this.cookies.has(host)) this.cookies.set(host, new Map());
    return this.cookies.get(host);
  }

  async request(url, { method = 'GET', body, headers = {} } = {}) {
    const jar = this.jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await send(url, {
      method, body: body?.toString(),
      headers: { ...this.headers, ...(cookie && { cookie }), 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...headers },
    });
    for (const line of response.cookies) this.store(jar, line);
    return new Page(this, url, response);
  }

  store(jar, line) {
    const [pair, ...attributes] = line.split(';').map(part => part.trim());
    const at = pair.indexOf('=');
    const name = pair.slice(0, at), value = pair.slice(at + 1);
    const gone = attributes.some(a => /^max-age=0$/i.test(a)) || value === '';
    if (gone) jar.delete(name); else jar.set(name, value);
  }

  // Follows redirects while they stay on `origin`s of the server; stops at the application's callback.
  async open(url, { stay } = {}) {
    const page = await this.request(url);
    return this.follow(page, stay ?? new URL(url).origin);
  }
  async follow(page, origin) {
    for (let hops = 0; hops < 10 && page.location; ++hops) {
      if (new URL(page.location).origin !== origin) return page;
      page = await this.request(page.location);
    }
    return page;
  }
}

export class Page {
  constructor(browser, url, response) {
    Object.assign(this, { browser, url, response, text: response.text, status: response.status });
    const location = response.headers.get('location');
    this.location = location ? new URL(location, url).href : undefined;
  }
  header(name) { return this.response.headers.get(name); }
  get forms() { return parse(this.text).forms; }
  get links() { return parse(this.text).links; }
  // The redirect to the application as parameters of query or fragment.
  get callback() {
    const url = new URL(this.location);
    return Object.fromEntries(new URLSearchParams(url.hash ? url.hash.slice(1) : url.search));
  }

  // Fills and sends the form that has all the given fields; follows redirects on the same origin.
  async submit(fields, { follow = true, button } = {}) {
    const names = Object.keys(fields);
    const form = this.forms.find(f => names.every(n => f.fields.some(x => x.name === n)) &&
                                      (!button || f.fields.some(x => x.name === button[0] && x.value === button[1])));
    if (!form) throw new Error(`no form with ${names} in the page of status ${this.status}:\n${this.text.slice(0, 2000)}`);
    const body = new URLSearchParams();
    for (const field of form.fields) {
      if (!field.name || field.name in fields) continue;
      if (field.submits) {
        const wanted = button ? field.name === button[0] && field.value === button[1] : !body.has(field.name);
        if (!wanted) continue;
      }
      body.append(field.name, field.value);
    }
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const origin = new URL(this.url).origin;
    const action = new URL(form.action || this.url, this.url).href;
    const page = await this.browser.request(action, {
      method: form.method.toUpperCase(), body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin, referer: this.url },
    });
    return follow ? this.browser.follow(page, origin) : page;
  }
}

// The whole password login, on one page or identifier-first.
export async function logIn(page, username, password, options) {
  const oneForm = page.forms.some(f => f.fields.some(x => x.name === 'password'));
  if (oneForm) return page.submit({ username, password }, options);
  const second = await page.submit({ username });
  return second.submit({ password }, options);
}
