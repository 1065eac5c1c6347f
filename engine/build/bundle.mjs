// bundle.mjs FOLDER <modules: the npm modules a script declares → one CommonJS text on stdout, `module.exports = {name: () => exports}`.
// `modules` is JSON: [{name, version}], or {name: 'actions:NAME', code} for shared code of the tenant. FOLDER is private and empty; npm and esbuild write only there. Their install
// scripts never run, and what needs them is refused. Exit code 0; 1: the modules are at fault, 75: the registry was not reached; one sentence on stderr.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import * as esbuild from 'esbuild';

const MODULES_MAX = 50;
const BUNDLE_MAX = 3 * 1024 * 1024; // bytes; it travels in a frame of 4 MiB
const FAULT = 1;
const UNREACHED = 75; // EX_TEMPFAIL
// Modules with native code that every worker has (engine/package.json); a script that declares one gets that.
const provided = ['bcrypt'];

const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;
const VERSION = /^(?:[~^]?\d+(?:\.\d+){0,2}(?:-[0-9a-z.-]+)?(?:\+[0-9a-z.-]+)?|[a-z][a-z0-9-]*)$/i;
const SHARED = /^actions:[A-Za-z0-9_-]{1,128}$/;
const unreachable = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_SOCKET_TIMEOUT',
  'E500',
  'E502',
  'E503',
  'E504',
  // Whoever answered was not the registry.
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
]);

class Refusal extends Error {
  constructor(sentence, code = FAULT) {
    super(sentence);
    this.code = code;
  }
}

function checked(modules) {
  if (!Array.isArray(modules) || modules.length > MODULES_MAX) throw new Refusal(`a script may declare at most ${MODULES_MAX} modules`);
  for (const { name, version, code } of modules) {
    if (code !== undefined ? !SHARED.test(name) : !NAME.test(name) || String(name).length > 214)
      throw new Refusal(`"${name}" is not the name of a module`);
    if (code === undefined && !(typeof version === 'string' && VERSION.test(version)))
      throw new Refusal(`"${version}" is not a version of ${name}`);
  }
  if (new Set(modules.map(m => m.name)).size !== modules.length) throw new Refusal('a module is declared twice');
  return modules;
}

function failureOfNpm(stdout) {
  let error = {};
  try {
    error = JSON.parse(stdout).error;
  } catch {
    /* npm said nothing usable */
  }
  const { code = '', summary = 'npm failed', detail = '' } = error;
  if (unreachable.has(code)) return new Refusal('the npm registry cannot be reached', UNREACHED);
  const named = /'([^' ]+)@[^']*' (?:is not in|could not be found)/.exec(`${summary} ${detail}`)?.[1];
  if (code === 'E404') return new Refusal(`there is no npm module ${named ?? 'of that name'}`);
  return new Refusal(code === 'ETARGET' ? summary.replace(/\.$/, '') : `${summary.split('\n')[0]} (${code})`);
}

function install(folder, modules) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: Object.fromEntries(modules.map(m => [m.name, m.version])) }),
  );
  const npm = path.join(path.dirname(fileURLToPath(import.meta.resolve('npm/package.json'))), 'bin/npm-cli.js');
  const done = spawnSync(
    process.execPath,
    [
      npm,
      'install',
      '--ignore-scripts',
      '--omit=dev',
      '--omit=optional',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--no-update-notifier',
      '--json',
      `--cache=${path.join(folder, '.npm')}`,
      '--fetch-retries=1',
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  );
  if (done.status !== 0) throw failureOfNpm(done.stdout);
}

// A package brings native code when it has something to build, or something built.
function refuseNative(folder) {
  for (const entry of readdirSync(path.join(folder, 'node_modules'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || (entry.name !== 'binding.gyp' && !entry.name.endsWith('.node'))) continue;
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(entry.parentPath)[1];
    if (!provided.includes(name)) throw new Refusal(`${name} contains native code, which cannot be bundled`);
  }
}

const shared = codes => ({
  name: 'shared code',
  setup(build) {
    build.onResolve({ filter: /^actions:/ }, ({ path: name }) =>
      codes.has(name) ? { path: name, namespace: 'shared' } : { path: name, external: true },
    );
    build.onLoad({ filter: /.*/, namespace: 'shared' }, ({ path: name }) => ({
      contents: codes.get(name),
      loader: 'js',
      resolveDir: build.initialOptions.absWorkingDir,
    }));
  },
});

async function bundle(folder, modules) {
  const codes = new Map(modules.filter(m => m.code !== undefined).map(m => [m.name, m.code]));
  const getters = modules.map(({ name }) => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`);
  try {
    const { outputFiles } = await esbuild.build({
      stdin: { contents: `module.exports = {${getters.join(',')}};`, resolveDir: folder },
      absWorkingDir: folder,
      bundle: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      target: 'node24',
      minifyWhitespace: true,
      minifySyntax: true,
      external: provided,
      logLevel: 'silent',
      plugins: [shared(codes)],
    });
    return outputFiles[0].text;
  } catch (error) {
    throw new Refusal(`the modules cannot be bundled: ${error.errors?.[0]?.text ?? error.message}`);
  }
}

async function main(folder) {
  if (!folder) throw new Refusal('usage: bundle.mjs FOLDER <modules');
  const modules = checked(JSON.parse(await text(process.stdin))).filter(m => !provided.includes(m.name));
  const work = path.resolve(folder);
  install(
    work,
    modules.filter(m => m.code === undefined),
  );
  if (modules.some(m => m.code === undefined)) refuseNative(work);
  const made = await bundle(work, modules);
  if (Buffer.byteLength(made) > BUNDLE_MAX)
    throw new Refusal(`the modules have ${Buffer.byteLength(made)} bytes together; ${BUNDLE_MAX} are the most`);
  process.stdout.write(made);
}

main(process.argv[2]).catch(error => {
  process.stderr.write(`${error instanceof Refusal ? error.message : `the modules could not be read: ${error.message}`}\n`);
  process.exitCode = error.code === UNREACHED ? UNREACHED : FAULT;
});
