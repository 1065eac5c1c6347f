// One whole login as a browser and an application do it: authorize, page, password, code, exchange, refresh, userinfo.
import { Connection, cookiesOf, headerOf } from './support.mjs';

const redirect = 'https://app.acme.example/callback';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const formType = 'Content-Type: application/x-www-form-urlencoded\r\n';

function need(condition, what, answer) {
  if (!condition) throw new Error(`${what}: ${answer.status}\n${answer.head}\n${answer.body.slice(0, 500)}`);
}
const path = location => location.replace(/^https?:\/\/[^/]+/, '');
const add = (jar, answer) => { for (const c of cookiesOf(answer.head)) jar.set(c.slice(0, c.indexOf('=')), c); };
const cookie = jar => (jar.size ? `Cookie: ${[...jar.values()].join('; ')}\r\n` : '');

// target: { host, origin, client_id, client_secret, authorizePath, username, password, extra }
// The form for the password, as a browser has it before somebody types.
export async function openPage(connection, target) {
  const jar = new Map();
  const query = new URLSearchParams({ client_id: target.client_id, response_type: 'code', redirect_uri: redirect,
    scope: target.scope ?? 'openid profile email offline_access', state: 'xyz', code_challenge: challenge, code_challenge_method: 'S256',
    ...target.extra });
  let answer = await go(connection, target, jar, 'GET', `${target.authorizePath}?${query}`);
  need(answer.status === 302 || answer.status === 303, 'authorize', answer);
  const page = path(headerOf(answer.head, 'location'));
  answer = await go(connection, target, jar, 'GET', page);
  need(answer.status === 200, 'page', answer);
  const body = new URLSearchParams();
  for (const [, tag] of answer.body.matchAll(/<input\b([^>]*)>/g)) {
    const name = /name="([^"]*)"/.exec(tag)?.[1], value = /value="([^"]*)"/.exec(tag)?.[1];
    if (name && value !== undefined && /type="?hidden/.test(tag)) body.set(name, value.replaceAll('&amp;', '&').replaceAll('&quot;', '"'));
  }
  body.set('username', target.username);
  body.set('password', target.password);
  body.set('action', 'default');
  return { target, jar, page, body: body.toString() };
}

// The answer to the password alone, whatever it is.
export const sendPassword = (connection, { target, jar, page, body }) =>
  go(connection, target, jar, 'POST', page, { headers: `${formType}Origin: ${target.origin}\r\n`, body });

async function go(connection, target, jar, method, where, more = {}) {
  const answer = await connection.request(method, where, target.host, { ...more, headers: cookie(jar) + (more.headers ?? '') });
  add(jar, answer);
  return answer;
}

export async function login(connection, target, { refresh = true, userinfo = true } = {}) {
  const visit = await openPage(connection, target), { jar } = visit;
  let answer = await sendPassword(connection, visit);
  for (let hops = 0; hops < 4 && (answer.status === 302 || answer.status === 303); ++hops) {
    if (headerOf(answer.head, 'location').startsWith(redirect)) break;
    answer = await go(connection, target, jar, 'GET', path(headerOf(answer.head, 'location')));
  }
  const location = headerOf(answer.head, 'location') ?? '';
  need(location.startsWith(redirect), 'password', answer);
  const code = new URL(location).searchParams.get('code');
  const credentials = { client_id: target.client_id, client_secret: target.client_secret };
  const token = async (what, parameters) => {
    const reply = await connection.request('POST', target.tokenPath, target.host,
      { headers: formType, body: new URLSearchParams({ ...credentials, ...parameters }).toString() });
    need(reply.status === 200, what, reply);
    return JSON.parse(reply.body);
  };
  let tokens = await token('exchange', { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier });
  if (refresh) tokens = { ...tokens, ...await token('refresh', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }) };
  if (userinfo) {
    const info = await connection.request('GET', target.userinfoPath, target.host,
      { headers: `Authorization: Bearer ${tokens.access_token}\r\n` });
    need(info.status === 200, 'userinfo', info);
  }
  return tokens;
}
