// What a fresh clone needs before anything runs, for `npm run quickstart` and `npm run verify`. It runs before
// `npm ci`, so it is plain Node without dependencies. What is there already is skipped.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { onPath, run, say, seconds, stop, succeeds } from './programs.mjs';
import { installCommand, installSystemPackages } from './system-packages.mjs';

const OLDEST_NODE = [20, 19];

/** @param {{ redis: boolean }} needs whether a redis-server is needed on this machine */
export async function setUp({ redis }) {
  checkNode();
  await installDependencies();
  await checkSqlite();
  if (redis) await installRedis();
}

/** Ends with a clear message on a Node that is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  stop(
    `botledger needs Node ${OLDEST_NODE.join('.')} or newer, and this is ${process.version}: install it from nodejs.org`,
  );
}

async function installDependencies() {
  if (isInstalled()) return;

  const started = Date.now();
  say('npm ci: installing the dependencies; compiling SQLite takes about two minutes');
  const npmCi = () => run('npm', ['ci', '--include=dev', '--no-progress', '--no-fund', '--no-audit']);
  if (!(await npmCi())) {
    if (hasCompiler()) stop('npm ci failed: see above. Check the network, then run this again.');
    await installCompiler();
    if (!(await npmCi())) stop('npm ci failed: see above.');
  }
  say(`dependencies installed in ${seconds(started)}`);
}

/** Whether node_modules holds what the lock file names; optional packages may be for other systems. */
function isInstalled() {
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** A ready-made SQLite binding may want a newer C library than this system's: then it is compiled here. */
async function checkSqlite() {
  const loads = () => succeeds(process.execPath, ['-e', "require('sqlite3')"]);
  if (loads()) return;
  if (!hasCompiler()) await installCompiler();
  say('the ready-made SQLite does not load here: compiling it');
  await run('npm', ['rebuild', 'sqlite3'], { npm_config_build_from_source: 'true' });
  if (!loads()) stop('sqlite3 does not load: run  npm rebuild sqlite3  and see what it says.');
}

const hasCompiler = () => Boolean(onPath('python3') && onPath('make') && onPath('g++', 'c++', 'clang++'));

async function installCompiler() {
  if (await installSystemPackages('compiler', 'SQLite is compiled here and needs a C++ compiler')) return;
  const command = installCommand('compiler') ?? 'python3, make and a C++ compiler with your package manager';
  stop(`SQLite is compiled here and needs a C++ compiler. Install it, then run this again:\n  ${command}`);
}

const REDIS_SERVERS = ['redis-server', 'valkey-server'];

async function installRedis() {
  if (onPath(...REDIS_SERVERS)) return;
  if ((await installSystemPackages('redis', 'There is no redis-server on PATH')) && onPath(...REDIS_SERVERS)) return;
  stop(`botledger needs a Redis server, and there is none on PATH. Choose one:
  - install it:               ${installCommand('redis') ?? 'redis or valkey, with your package manager'}
  - or use one that you have: REDIS_URL=redis://host:6379 npm run quickstart
  - or run all in containers: docker compose up`);
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** One test needs it, and says so when it is not there. */
async function installBrowser() {
  if (onPath(...BROWSERS)) return;
  if (await installSystemPackages('browser', 'The test of Bull Board drives a real Chromium')) return;
  say(`no Chromium: its test will be skipped. To run it:  ${installCommand('browser') ?? 'put a chromium on PATH'}`);
}

/** The tests of the alerts need it, and say so when it is not there. */
async function installPromtool() {
  if (onPath('promtool')) return;
  if (await installSystemPackages('promtool', 'The alerts are tested with promtool')) return;
  say(`no promtool: its tests will be skipped. To run them:  ${installCommand('promtool') ?? 'put promtool on PATH'}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUp({ redis: true });
  await installBrowser();
  await installPromtool();
}
