import { closeRun } from '../test/helpers/run.js';
import { type Options, readOptions, usage } from './options.js';
import { type FaultsResult, runFaults } from './run.js';

const MOST_SHOWN = 20;

await main();

async function main(): Promise<void> {
  const options = read();
  if (options.help) return console.log(usage);
  const start = performance.now();
  const say = (line: string) =>
    console.error(`${String(Math.round((performance.now() - start) / 1_000)).padStart(4)} s  ${line}`);
  // What was started ends with us, also when somebody loses patience.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void closeRun().finally(() => process.exit(1)));
  }
  try {
    const result = await runFaults(options, say);
    console.log(options.json ? JSON.stringify(result) : lineOf(result));
    if (result.violations.length === 0) return;
    process.exitCode = 1;
    for (const violation of result.violations.slice(0, MOST_SHOWN)) console.error(`VIOLATION  ${violation}`);
    console.error(`replay: npm run chaos -- --seconds ${options.seconds} --seed ${options.seed}`);
  } finally {
    await closeRun();
  }
}

function read(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

function lineOf(result: FaultsResult): string {
  const { seconds, seed, acknowledged, repeated, applied, outcomes, refused, told, restarts, violations } = result;
  const faults = Object.entries(result.faults).map(([kind, count]) => `${kind} ${count}`);
  return [
    `chaos: ${seconds} s, seed ${seed}, ${acknowledged} acknowledged, ${repeated} sent twice, ${applied} applied`,
    `${outcomes} outcomes compared, ${refused} forgeries refused, ${told} events told, ${restarts} restarts`,
    `drained in ${result.drainSeconds} s, ${violations.length} violations, faults: ${faults.join(', ') || 'none'}`,
  ].join(', ');
}
