// Calls the extensions role as another role of the fleet does (src/adapters/sandbox/scripts_wire.h): the test holds the fleet's key.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import https from 'node:https';

export const internalKey = 'ab'.repeat(32);
export const extensionArgs = ['--internal-listen', '127.0.0.1:0', '--internal-key', internalKey];
// Where nothing is measured nobody stands back: other test files want the processor too.
export const notNice = ['--extensions-nice', '0'];

// docs/adr/0010-internal-calls.md
function signature(method, host, target, body) {
  const secret = Buffer.from(internalKey, 'hex');
  const time = Date.now().toString(), nonce = randomBytes(16).toString('base64url');
  const mac = createHmac('sha256', secret).update(['durward-internal-1', method, host, target, time, nonce, ''].join('\n'))
    .update(createHash('sha256').update(body).digest()).digest('base64url');
  return [createHash('sha256').update(secret).digest('hex').slice(0, 8), time, nonce, mac].join('.');
}

const digest = script => createHash('sha256').update(script.code).update(script.modules ?? '').digest('hex');
const agent = new https.Agent({ keepAlive: true });

function post(server, target, body, headers) {
  const url = new URL(target, server.ready.internal_url);
  return new Promise((resolve, reject) => {
    const request = https.request(url, {
      agent, method: 'POST', headers: {
        'content-type': 'application/json', 'durward-key': signature('POST', url.host, target, body), 'content-length': Buffer.byteLength(body), ...headers,
      },
    }, response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

// call: {contract, trigger, handler, scripts: [{id, name, code, secrets}], input}. Resolves to {results, output} or {refused}.
export function runScripts(server, call, { tenant = 1, within = 20_000, remembered = true } = {}) {
  const scripts = call.scripts.map(script => ({ secrets: {}, digest: remembered ? digest(script) : '', ...script }));
  return post(server, '/internal/v1/scripts', JSON.stringify({ ...call, scripts }),
    { 'durward-tenant': String(tenant), 'durward-deadline-ms': String(within + 2000) });
}

// modules: [{name, version}]. Resolves to {bundle} or {refused}.
export const bundleModules = (server, modules) => post(server, '/internal/v1/modules', JSON.stringify({ modules }), {});

// A post-login action with this body.
export const action = (body, more = {}) => ({
  contract: 'action', trigger: 'post-login', handler: 'onExecutePostLogin',
  scripts: [{ id: 'act_1', name: 'an action', code: `exports.onExecutePostLogin = async (event, api) => {\n${body}\n};`, ...more }],
  input: { event: { transaction: { metadata: {} }, user: { user_id: 'auth0|1' }, client: {}, request: {} } },
});
