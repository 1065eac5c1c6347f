'use strict';
// `auth0` in rules: the tenant and a Management API client for its users, with the token the server made for this call
// (read:users, update:users). Every method gives a promise and also calls back.
const { freeze } = require('./primordials.js');

const fetch = (...args) => globalThis.fetch(...args);

async function request({ baseUrl, accessToken }, method, id, body) {
  const reply = await fetch(`${baseUrl}/users/${encodeURIComponent(id)}`, {
    method,
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await reply.json();
  if (reply.ok) return answer;
  throw Object.assign(new Error(answer.message ?? reply.statusText), { name: answer.error, statusCode: reply.status });
}

// People give the id or, as in the client library, {id}.
const idOf = user => (typeof user === 'string' ? user : user?.id);

const calls = {
  get: (auth0, user) => request(auth0, 'GET', idOf(user)),
  update: (auth0, user, body) => request(auth0, 'PATCH', idOf(user), body),
  updateUserMetadata: (auth0, user, metadata) => request(auth0, 'PATCH', idOf(user), { user_metadata: metadata }),
  updateAppMetadata: (auth0, user, metadata) => request(auth0, 'PATCH', idOf(user), { app_metadata: metadata }),
};

function withCallback(auth0, call) {
  return (...args) => {
    const done = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    const answer = call(auth0, ...args);
    if (done)
      answer.then(
        value => done(null, value),
        error => done(error),
      );
    return answer;
  };
}

function managementClient(given) {
  if (!given) return undefined;
  const auth0 = { domain: given.domain, accessToken: given.accessToken, baseUrl: `https://${given.domain}/api/v2` };
  auth0.users = freeze(Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, withCallback(auth0, call)])));
  return auth0;
}

module.exports = { managementClient };
