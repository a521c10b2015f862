import { parseArgs } from 'node:util';

/** What a run can measure, in this order. */
export const sectionNames = ['throughput', 'mix', 'enqueue', 'sessions', 'latency', 'reads', 'growth'] as const;

export type SectionName = (typeof sectionNames)[number];

/** What the command line asks for. */
export interface Options {
  quick: boolean;
  rounds: number;
  only: readonly SectionName[];
  /** A file that gets the JSON. */
  json: string | undefined;
  chart: boolean;
  help: boolean;
}

export const usage = `npm run bench -- [options]

  --quick         small sizes and one round: to see that all works, in two minutes
  --only a,b      only some of: ${sectionNames.join(', ')}
  --rounds N      how often each figure is measured; the median counts (3, quick: 1)
  --json FILE     writes the figures there as well
  --chart         draws docs/performance.svg from what was measured`;

/** @throws Error when an option is not known, or has a value that is not */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      chart: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: a whole number from 1, not ${values.rounds}`);
  const only = values.only?.split(',').map((name) => name.trim()) ?? [...sectionNames];
  const wanted = only.map(sectionOf);
  if (values.chart && !wanted.includes('throughput')) throw new Error('--chart draws throughput: measure it as well');
  return { ...values, rounds, only: wanted, json: values.json };
}

function sectionOf(name: string): SectionName {
  const known = sectionNames.find((candidate) => candidate === name);
  if (!known) throw new Error(`--only: there is no ${name}, only ${sectionNames.join(', ')}`);
  return known;
}
