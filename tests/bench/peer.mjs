// npm oidc-provider with its in-memory adapter, doing what the login driver asks of Durward: login page, password,
// code + PKCE, refresh with rotation, userinfo, client credentials, JWKS. With BCRYPT_COST it keeps passwords as npm's native bcrypt of
// that cost, without as good as not at all. Prints its port.
import { createHash } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import bcrypt from 'bcrypt';
import Provider from 'oidc-provider';

process.env.NODE_ENV = 'production';
const key = (type, options, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg });
const server = http.createServer().listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = `http://localhost:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      { client_id: 'web', client_secret: 'secret', redirect_uris: ['https://app.acme.example/callback'],
        grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_post' },
      { client_id: 'web-hs', client_secret: 'a-secret-of-32-bytes-for-hs256-ok', redirect_uris: ['https://app.acme.example/callback'],
        grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'HS256' },
      { client_id: 'machine', client_secret: 'secret', redirect_uris: [], response_types: [],
        grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post' },
      { client_id: 'machine-es', client_secret: 'secret', redirect_uris: [], response_types: [],
        grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post' },
    ],
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
    scopes: ['openid', 'profile', 'email', 'offline_access', 'read:orders'],
    features: {
      devInteractions: { enabled: false }, clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true, // People get an opaque token, which its userinfo wants.
        defaultResource: ctx => (ctx.oidc.client?.clientId === 'web' ? undefined : 'https://orders.acme.example/'),
        useGrantedResource: () => false,
        getResourceServerInfo: (ctx, _resource, client) => ({ scope: 'read:orders', audience: 'https://orders.acme.example/',
          accessTokenFormat: 'jwt', accessTokenTTL: 3600,
          jwt: { sign: { alg: client.clientId === 'machine-es' ? 'ES256' : 'RS256' } } }),
      },
    },
    claims: { profile: ['name'], email: ['email'] },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    rotateRefreshToken: true, issueRefreshToken: () => true, pkce: { required: () => false },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, name: 'Person' }) }),
    cookies: { keys: ['bench'] }, conformIdTokenClaims: false, enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'HS256'] },
  });
  const callback = provider.callback();
  const users = new Map();
  const cost = Number(process.env.BCRYPT_COST ?? 0);
  const fast = password => createHash('sha256').update(password).digest('hex');
  const hash = password => (cost ? bcrypt.hash(password, cost) : fast(password));
  const verify = (password, stored) => (cost ? bcrypt.compare(password, stored) : fast(password) === stored);
  const body = request => new Promise(resolve => {
    let text = '';
    request.on('data', d => { text += d; });
    request.on('end', () => resolve(new URLSearchParams(text)));
  });
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return callback(request, response);
    try {
      const details = await provider.interactionDetails(request, response);
      if (request.method === 'GET') {
        response.setHeader('content-type', 'text/html');
        return response.end(`<!doctype html><form method="post" action="${request.url}"><input name="username"><input name="password" type="password"><button>Go</button></form>`);
      }
      const form = await body(request);
      const id = form.get('username');
      if (!users.has(id)) users.set(id, await hash(form.get('password')));
      else if (!await verify(form.get('password'), users.get(id))) return response.writeHead(400).end('wrong');
      const grant = new provider.Grant({ accountId: id, clientId: details.params.client_id });
      grant.addOIDCScope('openid profile email offline_access');
      grant.addResourceScope('https://orders.acme.example/', 'read:orders');
      const grantId = await grant.save();
      await provider.interactionFinished(request, response, { login: { accountId: id }, consent: { grantId } });
    } catch (error) {
      response.writeHead(500).end(String(error.stack));
    }
  });
  console.log(port);
});
