import { createAuth0Client } from '/auth0-spa-js.js';

const element = (id) => document.getElementById(id);
const say = (text) => { element('status').textContent = text; };

async function connect() {
  const config = await (await fetch('/config.json')).json();
  if (!config.clientId) throw new Error('The demo tenant has no sample client any more.');
  return createAuth0Client({
    domain: config.domain,
    clientId: config.clientId,
    authorizationParams: { redirect_uri: location.origin + '/', scope: 'openid profile email' },
  });
}

// Back from the login page: finish, then forget the parameters, so that a reload does not use the code again.
async function finishLogin(client) {
  const query = new URLSearchParams(location.search);
  if (!query.has('state') || !(query.has('code') || query.has('error'))) return;
  try {
    await client.handleRedirectCallback();
  } finally {
    history.replaceState({}, '', '/');
  }
}

async function show(client) {
  const user = await client.getUser();
  element('login').hidden = !!user;
  for (const id of ['logout', 'renew', 'person']) element(id).hidden = !user;
  if (!user) return say('You are not signed in.');
  element('profile').textContent = JSON.stringify(user, null, 2);
  element('token').textContent = await client.getTokenSilently();
  say(`Signed in as ${user.email}.`);
}

async function renew(client) {
  const before = element('token').textContent;
  const token = await client.getTokenSilently({ cacheMode: 'off' });
  element('token').textContent = token;
  say(token === before ? 'The same token came back.' : 'A new token came through a hidden frame.');
}

function guarded(action) {
  return () => action().catch((error) => say(error.message));
}

async function start() {
  const client = await connect();
  element('login').onclick = guarded(() => client.loginWithRedirect());
  element('renew').onclick = guarded(() => renew(client));
  element('logout').onclick = guarded(() => client.logout({ logoutParams: { returnTo: location.origin + '/' } }));
  await finishLogin(client).catch((error) => { element('login').hidden = false; throw error; });
  if (new URLSearchParams(location.search).has('login') && !(await client.isAuthenticated()))
    return client.loginWithRedirect();
  await show(client);
}

start().catch((error) => say(error.message));
