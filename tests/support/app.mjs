// Little web servers that stand for the applications of a tenant.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';

function selfSigned() {
  const directory = mkdtempSync(path.join(tmpdir(), 'durward-app-'));
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
      '-subj', '/CN=localhost', '-keyout', `${directory}/key`, '-out', `${directory}/cert`], { stdio: 'ignore' });
    return { key: readFileSync(`${directory}/key`), cert: readFileSync(`${directory}/cert`) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

// `secure`: over TLS, so that https://localhost of application and tenant are one site and their cookies first-party.
export async function listen(handler, { secure = false } = {}) {
  const server = secure ? https.createServer(selfSigned(), handler) : http.createServer(handler);
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http${secure ? 's' : ''}://localhost:${server.address().port}`,
    close: () => new Promise(resolve => { server.close(resolve); server.closeAllConnections(); }),
  };
}
