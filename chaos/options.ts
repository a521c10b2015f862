import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What can be run. */
export const experiments = ['faults', 'outage', 'backlog'] as const;

/** When Redis writes its log to the disk. */
const fsyncs = ['always', 'everysec'] as const;

/** What the command line asks for. */
export interface Options {
  experiment: (typeof experiments)[number];
  /** How long faults happen, or how long the outage lasts. */
  seconds: number;
  seed: number;
  fsync: (typeof fsyncs)[number];
  /** How many jobs wait; of the backlog only. */
  jobs: number;
  json: boolean;
  keep: boolean;
  help: boolean;
}

export const usage = `npm run chaos -- [options]

  --seconds N     how long faults happen (60); with --only outage: how long PostgreSQL is away (120)
  --seed N        the faults and the work of the run with this seed (random)
  --only NAME     faults (the default), outage or backlog: docs/reliability.md says what they are
  --jobs N        with --only backlog: how many jobs wait (1000000)
  --fsync NAME    always (the default) or everysec: when Redis writes its log to the disk
  --json          the result as JSON
  --keep          keeps the directory with the logs of all processes, and says where it is`;

/** @throws Error when an option is not known, or has a value that is not */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string', default: 'faults' },
      jobs: { type: 'string', default: '1000000' },
      fsync: { type: 'string', default: 'always' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { json, keep, help } = values;
  const experiment = oneOf('--only', experiments, values.only);
  return {
    experiment,
    seconds: wholeNumber('--seconds', values.seconds ?? (experiment === 'outage' ? '120' : '60'), 1),
    seed: wholeNumber('--seed', values.seed ?? `${randomInt(1_000_000)}`, 0),
    fsync: oneOf('--fsync', fsyncs, values.fsync),
    jobs: wholeNumber('--jobs', values.jobs, 1),
    json,
    keep,
    help,
  };
}

function wholeNumber(option: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`${option}: a whole number from ${least}, not ${text}`);
}

function oneOf<T extends string>(option: string, known: readonly T[], text: string): T {
  const found = known.find((candidate) => candidate === text);
  if (!found) throw new Error(`${option}: there is no ${text}, only ${known.join(', ')}`);
  return found;
}
