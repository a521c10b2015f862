// What `npm test` runs after the build: the test files in several Mochas at once, each with Redis and PostgreSQL of its
// own. Arguments go to every Mocha, e.g. `npm test -- --grep badge`.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const TESTS = 'dist/test';

/** Two are worth it on one core too, because tests wait much of their time; more than four were never tried. */
const lanes = Math.min(Math.max(availableParallelism(), 2), 4);

/** Seconds that the longest files take, to share the work evenly and to start with them. Nothing else depends on it. */
const LONGEST = {
  'cli/import-json-large': 40,
  'acceptance/chaos': 30,
  'acceptance/events': 27,
  'acceptance/example-bots': 24,
  'acceptance/spool': 23,
  'cli/import-json-runs': 20,
  'acceptance/browser': 20,
  'docs/from-python': 20,
  'acceptance/cluster': 18,
  'acceptance/exactly-once': 18,
  'acceptance/secrets': 15,
  'commit/worker-outage': 15,
  'api/fuzz': 12,
  'cli/import-json': 12,
  'commit/fuzz': 12,
  'schedule/expire-subscriptions': 12,
  'client/footprint': 10,
  migrations: 10,
  ops: 10,
  'acceptance/lost-lock': 9,
  'commit/locked-rows': 9,
  'acceptance/sentinel': 9,
  'cli/demo': 9,
  'cli/start': 9,
  'acceptance/hot-sessions': 8,
  'client/events': 8,
  'client/outage': 8,
  'client/sessions': 8,
  'commit/races': 8,
  'cli/settings': 7,
  'schedule/worker': 7,
  'commit/second-run': 7,
  'docs/security': 7,
  'examples/python': 6,
  'docs/events': 5,
  'schedule/refresh-ranks': 5,
};
const OTHERS = 1;

const duration = (file) => LONGEST[file.replace('.test.js', '')] ?? OTHERS;

/** As many lists of files as there are lanes, each about as long. */
function share(files) {
  const shares = Array.from({ length: lanes }, () => ({ files: [], seconds: 0 }));
  for (const file of files.sort((a, b) => duration(b) - duration(a) || (a < b ? -1 : 1))) {
    const least = shares.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    least.files.push(join(TESTS, file));
    least.seconds += duration(file);
  }
  return shares.map((share) => share.files).filter((list) => list.length > 0);
}

const MEMORY = '/dev/shm';
const ROOM_BYTES = 4 * 1024 ** 3;

/**
 * Where the tests keep their files: in memory if there is room. A database of PostgreSQL is 300 files, and on ext4 each
 * new file costs a search past all that were deleted in the last minutes: up to 0.4 s of CPU for every database.
 */
function temporaryDirectory() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    const room = Math.min(bavail * bsize, freemem());
    const noPrograms = / \/dev\/shm \S+ \S*\bnoexec\b/.test(readFileSync('/proc/mounts', 'utf8'));
    return room >= ROOM_BYTES && !noPrograms ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

const environment = { ...process.env, TMPDIR: temporaryDirectory() };

/** Runs some files, and shows each report when it is whole, so that two do not mix. Answers with what is left to say. */
async function runMocha(files) {
  const program = ['node_modules/mocha/bin/mocha.js', '--forbid-only', ...process.argv.slice(2), ...files];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'], env: environment });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    const epilogue = output.search(/^ {2}\d+ passing/m);
    const end = (epilogue < 0 ? output : output.slice(0, epilogue)).lastIndexOf('\n\n') + 1;
    process.stdout.write(output.slice(0, end).replace(/\n{2,}/g, '\n'));
    output = output.slice(end);
  });
  const ended = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  return { ended, output };
}

/** Mocha's own last line, see test/helpers/reporter.ts. */
const COUNTS = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\n/m;

const total = { passed: 0, failed: 0, skipped: 0 };
const files = readdirSync(TESTS, { recursive: true }).filter((file) => file.endsWith('.test.js'));
for (const { ended, output } of await Promise.all(share(files).map(runMocha))) {
  const [, passed = 0, failed = 1, skipped = 0] = COUNTS.exec(output) ?? [];
  process.stdout.write(output.replace(COUNTS, ''));
  if (!COUNTS.test(output)) console.error(`A Mocha ended with ${ended}, before it had run all its tests`);
  if (ended !== 0) process.exitCode = 1;
  total.passed += Number(passed);
  total.failed += Number(failed);
  total.skipped += Number(skipped);
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
