// given / when / then for tests against a running server: a tenant with its management client, and makers of what a
// test needs. Everything is made through the public API, with a stock SDK.
import { randomBytes } from 'node:crypto';
import { ManagementClient } from 'auth0';
import { Browser, logIn } from './browser.mjs';
import { startServer } from './server.mjs';

export const callback = 'https://app.acme.example/callback';
export const password = 'Correct-Horse-7';
export const ordersApi = 'https://orders.acme.example/';

export class World {
  // `hostname`: another name of the same tenant, when it is the only one.
  constructor(server, tenant = server.tenant(), hostname = new URL(tenant.issuer).hostname) {
    this.server = server;
    this.tenant = tenant;
    this.domain = `${hostname}:${new URL(tenant.issuer).port}`;
    this.origin = `https://${this.domain}`;
    this.issuer = `${this.origin}/`;
    this.management = new ManagementClient({
      domain: this.domain, clientId: tenant.client_id, clientSecret: tenant.client_secret,
    });
  }
  url(path) { return this.origin + path; }

  async client(properties = {}) {
    return this.management.clients.create({
      name: `app ${randomBytes(4).toString('hex')}`, app_type: 'regular_web', oidc_conformant: true,
      callbacks: [callback], grant_types: ['authorization_code', 'refresh_token', 'implicit', 'password',
        'http://auth0.com/oauth/grant-type/password-realm', 'client_credentials'],
      jwt_configuration: { alg: 'RS256' }, token_endpoint_auth_method: 'client_secret_post', ...properties,
    });
  }

  async user(properties = {}) {
    return this.management.users.create({
      connection: 'Username-Password-Authentication', email: `${randomBytes(6).toString('hex')}@acme.example`,
      password, email_verified: true, ...properties,
    });
  }

  authorizeUrl(client, parameters = {}) {
    const query = new URLSearchParams({
      client_id: client.client_id, response_type: 'code', redirect_uri: callback, scope: 'openid profile email',
      state: 'st', ...parameters,
    });
    return `${this.origin}/authorize?${query}`;
  }

  // Signs in with a fresh browser; returns the page that goes back to the application, and the browser.
  async signIn(client, user, parameters = {}, browser = new Browser()) {
    const page = await browser.open(this.authorizeUrl(client, parameters));
    const done = await logIn(page, user.email, user.password ?? password);
    return { page: done, browser, ...(done.location ? done.callback : {}) };
  }

  async token(body, headers = {}) {
    const response = await fetch(this.url('/oauth/token'), {
      method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  async exchange(client, code, more = {}) {
    return this.token({
      grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, code,
      redirect_uri: callback, ...more,
    });
  }

  async managementToken() {
    const { body } = await this.token({
      grant_type: 'client_credentials', client_id: this.tenant.client_id, client_secret: this.tenant.client_secret,
      audience: `${this.issuer}api/v2/`,
    });
    return body.access_token;
  }

  async api(method, path, body, token) {
    const response = await fetch(this.url(`/api/v2${path}`), {
      method, headers: {
        authorization: `Bearer ${token ?? (this.apiToken ??= await this.managementToken())}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }

  // Mails caught for an address, oldest first (development catcher). Sending is asynchronous: asks until one matches.
  async mailTo(address, matches = () => true) {
    for (let tries = 0; tries < 200; ++tries) {
      const response = await fetch(this.url('/dev/mail'), { headers: { accept: 'application/json' } });
      const { messages } = await response.json();
      const found = messages.filter(m => m.to === address && matches(m)).at(-1);
      if (found) return found;
      await new Promise(resolve => setTimeout(resolve, 25));
    }
    throw new Error(`no mail to ${address}`);
  }

  close() { return this.server.stop(); }
}

export async function createWorld({ hostname, ...options } = {}) {
  const server = await startServer(options);
  return new World(server, server.tenant(), hostname);
}
export const claims = jwt => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
export const header = jwt => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'));
