// From a fresh clone to a running botledger with its demo: `npm run quickstart`, or `-- --once` to end after the demo.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { run, say, seconds, stop } from './programs.mjs';
import { checkNode, setUp } from './set-up.mjs';

/** Marks the last build that succeeded: a failed one leaves files behind too. */
const BUILT = 'dist/.built';

checkNode();
if (existsSync('.env')) process.loadEnvFile('.env');
await setUp({ redis: !process.env.REDIS_URL });
await build();
start();

async function build() {
  if (newest(BUILT) > Math.max(...['src', 'workers', 'tsconfig.json', 'package.json'].map(newest))) return;
  const started = Date.now();
  if (!(await run('npm', ['run', '--silent', 'build']))) stop('The build failed: see above.');
  writeFileSync(BUILT, '');
  say(`built in ${seconds(started)}`);
}

/** When the youngest file at or below a path changed. */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0;
  return Math.max(0, ...readdirSync(path).map((name) => newest(`${path}/${name}`)));
}

function start() {
  const child = spawn(process.execPath, ['dist/src/cli/main.js', 'demo', ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child from the terminal itself; we only wait until it has closed everything.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('close', (code) => process.exit(code ?? 1));
}
