// The world outside for the corpus: a foreign user table behind HTTP, and an address that answers with what it was sent.
import http from 'node:http';
import { text } from 'node:stream/consumers';

const newUsers = () =>
  new Map([
    // bcrypt of `correct horse`, cost 4.
    ['ann@example.com', { id: '42', email: 'ann@example.com', name: 'Ann Example', verified: true, hash: HASH }],
  ]);
const HASH = '$2b$04$Aih5qyhTxHrzGMaQNBrLuOMsFOsv/WfnTll2OKTRXk9JYll3/trkm';

const routes = {
  'GET /users': (users, { searchParams }) => users.get(searchParams.get('email')) ?? [404, { error: 'no such user' }],
  'POST /users': (users, _, body) => {
    if (users.has(body.email)) return [409, { error: 'exists' }];
    users.set(body.email, { id: String(users.size + 42), ...body });
    return [201, { id: '43' }];
  },
  'PATCH /users': (users, { searchParams }, body) =>
    users.has(searchParams.get('email')) ? { ...users.get(searchParams.get('email')), ...body } : [404, { error: 'no such user' }],
  'DELETE /users': (users, { searchParams }) => (searchParams.get('id') === '42' ? [204] : [404, { error: 'no such user' }]),
  'POST /echo': (users, url, body, request) => ({ method: request.method, authorization: request.headers.authorization, body }),
  'GET /broken': () => [500, { error: 'broken' }],
};

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return Object.fromEntries(new URLSearchParams(body));
  }
}

// → {url, stop()}; every request starts from the same users.
export async function startService() {
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://service');
    const route = routes[`${request.method} ${url.pathname}`] ?? (() => [404, { error: 'no such path' }]);
    const answer = route(newUsers(), url, parsed(await text(request)), request);
    const [status, body] = Array.isArray(answer) ? answer : [200, answer];
    response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    port,
    url: host => `http://${host}:${port}`,
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}
