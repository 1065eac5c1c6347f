// Whether this kernel gives what customers' code is held by (docs/operating/extensions.md): a container often may not make namespaces.
import { spawnSync } from 'node:child_process';

const tried = spawnSync('bwrap', ['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--ro-bind', '/', '/', '--proc', '/proc', 'true'], { encoding: 'utf8' });
export const noSandbox = tried.status === 0 ? false : `no sandbox here: ${tried.error?.message ?? tried.stderr.trim()}`;

// Files that run customers' code from beginning to end.
const whole = [
  /^tests\/extensions\/[^/]*\.test\.mjs$/,
  /^tests\/e2e\/(actions|custom-database|script-redirect)\.test\.mjs$/,
  /^tests\/conformance\/(actions|event-streams|password-reset-action|providers|token-exchange)\.test\.mjs$/,
  /^tests\/compat\/auth0-actions\.test\.mjs$/,
];
export const needsSandbox = file => whole.some(pattern => pattern.test(file));
