import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser, logIn } from '../support/browser.mjs';
import { createWorld, password } from '../support/world.mjs';

const modules = '/usr/lib/apache2/modules';

function freePort() {
  return new Promise(resolve => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function answers(port, child) {
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`apache ended with ${code}`)));
    const attempt = () => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => { socket.destroy(); resolve(); });
      socket.once('error', () => setTimeout(attempt, 20));
    };
    attempt();
  });
}

describe("Debian's libapache2-mod-auth-openidc", () => {
  let world, directory, apache, origin, user;
  before(async () => {
    assert.ok(existsSync(`${modules}/mod_auth_openidc.so`), 'libapache2-mod-auth-openidc is not installed');
    world = await createWorld();
    user = await world.user({ name: 'Hedy Lamarr' });
    directory = mkdtempSync(path.join(tmpdir(), 'durward-apache-'));
    const port = await freePort();
    origin = `http://localhost:${port}`;
    const client = await world.client({ callbacks: [`${origin}/secret/redirect`], allowed_logout_urls: [`${origin}/`] });
    writeFileSync(`${directory}/index.html`, 'open to everybody');
    writeFileSync(`${directory}/apache.conf`, `
ServerRoot ${directory}
ServerName localhost
PidFile ${directory}/pid
Listen 127.0.0.1:${port}
ErrorLog ${directory}/error.log
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authn_core_module ${modules}/mod_authn_core.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule authz_user_module ${modules}/mod_authz_user.so
LoadModule auth_basic_module ${modules}/mod_auth_basic.so
LoadModule alias_module ${modules}/mod_alias.so
LoadModule dir_module ${modules}/mod_dir.so
LoadModule headers_module ${modules}/mod_headers.so
LoadModule auth_openidc_module ${modules}/mod_auth_openidc.so
User ${process.getuid() === 0 ? 'www-data' : process.env.USER}
DocumentRoot ${directory}
OIDCProviderMetadataURL ${world.issuer}.well-known/openid-configuration
OIDCSSLValidateServer On
OIDCCABundlePath ${world.server.ready.ca_file}
OIDCClientID ${client.client_id}
OIDCClientSecret ${client.client_secret}
OIDCRedirectURI ${origin}/secret/redirect
OIDCCryptoPassphrase only-for-this-test
OIDCScope "openid profile email"
OIDCRemoteUserClaim email
OIDCPKCEMethod S256
<Location /secret>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /secret/who>
  Header always set X-User "expr=%{REMOTE_USER}"
  Header always set X-Name "expr=%{req:OIDC_CLAIM_name}"
</Location>
`);
    spawn('chmod', ['-R', 'a+rX', directory, path.dirname(world.server.ready.ca_file)]);
    apache = spawn('/usr/sbin/apache2', ['-f', `${directory}/apache.conf`, '-DFOREGROUND'], { stdio: 'inherit' });
    await answers(port, apache);
  });
  after(async () => {
    if (apache && apache.exitCode === null) {
      const gone = new Promise(resolve => apache.once('exit', resolve));
      apache.kill('SIGTERM');
      await gone;
    }
    await world?.close();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  it('lets a person in after the code flow with PKCE and hands the claims to the site', async () => {
    const browser = new Browser();
    const start = await browser.request(`${origin}/secret/who`);
    assert.equal(start.status, 302, start.text);
    const done = await logIn(await browser.open(start.location), user.email, password);
    const back = await browser.request(done.location);
    assert.equal(back.status, 302, back.text + readFileSync(`${directory}/error.log`, 'utf8'));
    const page = await browser.request(back.location);
    assert.equal(page.header('x-user'), user.email);
    assert.equal(page.header('x-name'), 'Hedy Lamarr');
  });

  it('sends a stranger to the login page', async () => {
    const start = await new Browser().request(`${origin}/secret/`);
    assert.ok(start.location.startsWith(`${world.origin}/authorize?`));
  });
});
