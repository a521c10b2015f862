import { closeRun } from '../test/helpers/run.js';
import { measureBacklog } from './backlog.js';
import type { Experiment } from './experiment.js';
import { runFaults } from './faults.js';
import { type Options, readOptions, usage } from './options.js';
import { measureOutage } from './outage.js';

const MOST_SHOWN = 20;

const experiments: Record<Options['experiment'], Experiment> = {
  faults: runFaults,
  outage: measureOutage,
  backlog: measureBacklog,
};

await main();
// Node 20 waits for ever for some of the connections that were reset on purpose.
process.exit();

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
    const result = await experiments[options.experiment](options, say);
    console.log(options.json ? JSON.stringify(result) : result.line);
    if (result.violations.length === 0) return;
    process.exitCode = 1;
    for (const violation of result.violations.slice(0, MOST_SHOWN)) console.error(`VIOLATION  ${violation}`);
    console.error(`replay: ${replayOf(options)}`);
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

function replayOf({ experiment, seconds, seed, fsync }: Options): string {
  return [
    `npm run chaos -- --seconds ${seconds} --seed ${seed}`,
    experiment === 'faults' ? '' : ` --only ${experiment}`,
    fsync === 'always' ? '' : ` --fsync ${fsync}`,
  ].join('');
}
