// nginx in front of processes whose ports are known, for tests that bring their own processes. `routes`: path -> ports.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freePort } from './postgres.mjs';

// Connections to the processes are not kept: the release in tests/upgrade/previous closes kept ones as it stops, perhaps under a
// POST that nginx may not send again. This release waits (tests/fleet stops it behind a proxy that keeps connections).
const upstream = ([location, ports], i) => ({
  group: `  upstream group${i} {\n${ports.map(p => `    server 127.0.0.1:${p} max_fails=0;\n`).join('')}  }\n`,
  route: `    location ${location} { proxy_pass http://group${i}; }\n`,
});

function configuration(directory, port, routes) {
  const parts = Object.entries(routes).map(upstream);
  return `pid ${directory}/pid;
error_log ${directory}/error.log;
worker_processes 1;
daemon off;
events { worker_connections 1024; }
http {
  log_format outcome '$status $request_method $uri $upstream_addr $upstream_status $request_time';
  access_log ${directory}/access.log outcome;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `  ${name}_temp_path ${directory}/${name};\n`).join('')}
${parts.map(p => p.group).join('')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${directory}/certificate.pem;
    ssl_certificate_key ${directory}/key.pem;
    large_client_header_buffers 4 16k;
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_http_version 1.1;
    proxy_connect_timeout 1s;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto https;
${parts.map(p => p.route).join('')}  }
}
`;
}

export async function startNginx(directory, routes) {
  mkdirSync(directory, { recursive: true });
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', `${directory}/key.pem`, '-out', `${directory}/certificate.pem`],
  { stdio: 'ignore' });
  const port = await freePort();
  writeFileSync(`${directory}/nginx.conf`, configuration(directory, port, routes));
  const child = spawn('/usr/sbin/nginx', ['-c', `${directory}/nginx.conf`, '-e', `${directory}/error.log`], { stdio: 'inherit' });
  const killed = () => child.kill('SIGTERM');
  process.once('exit', killed);
  const gone = new Promise(resolve => child.once('exit', resolve));
  await listening(port, child);
  return {
    port, authority: readFileSync(`${directory}/certificate.pem`, 'utf8'),
    // Every request that was answered: { status, line }.
    answers: () => readFileSync(path.join(directory, 'access.log'), 'utf8').trimEnd().split('\n')
      .map(line => ({ status: Number(line.slice(0, 3)), line })),
    async stop() {
      child.kill('SIGTERM');
      await gone;
      process.off('exit', killed);
    },
  };
}

function listening(port, child) {
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`nginx ended with ${code}`)));
    const attempt = () => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => { socket.destroy(); resolve(); });
      socket.once('error', () => setTimeout(attempt, 20));
    };
    attempt();
  });
}
