import type { Bench } from '../bench.js';
import type { Contender } from '../contenders/contender.js';
import { mixLone, mixPacks } from '../contenders/mixed.js';
import { addMixUsers } from '../mix.js';
import { checkMix } from '../mix-check.js';
import { type Runs, runInTurns } from '../run.js';
import { printTable } from '../table.js';

/** The realistic mix, by way of sending. */
export type Mix = Record<string, Runs>;

const ways: Record<string, Contender> = { mixLone, mixPacks };

/** A realistic mix: units of 1 to 4 operations, 10,000 users, a fifth of the keys repeated. */
export async function measureMix(bench: Bench): Promise<Mix> {
  const mix = await runInTurns(bench, ways, { prepare: addMixUsers, check: checkMix });
  const rows = Object.entries(mix).map(([name, run]) => [
    ways[name]?.title,
    run.perSecond,
    run.workerMicros,
    run.redisMicros,
    run.postgresMicros,
    run.rssMb,
  ]);
  printTable(bench.say, ['realistic mix', 'units/s', 'worker', 'Redis', 'PG', 'MB'], rows);
  return mix;
}
