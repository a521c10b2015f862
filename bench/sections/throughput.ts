import type { Bench } from '../bench.js';
import { contenders, peers, pgBossNames } from '../contenders/index.js';
import { installPeers } from '../peers.js';
import { type Run, runInTurns } from '../run.js';
import { printTable } from '../table.js';
import { checkState } from '../workload.js';

/** The median run of each contender that could run. */
export type Throughput = Record<string, Run>;

/** Committed units per second: everyone who is in the table. */
export async function measureThroughput(bench: Bench): Promise<Throughput> {
  const missing = installPeers(bench.say);
  if (missing) bench.say(`The rows of graphile-worker and pg-boss are missing: ${missing}`);
  const taking = Object.entries(contenders).filter(([name]) => !missing || !(name in peers));

  const throughput = await runInTurns(bench, Object.fromEntries(taking), {
    check: async (database, count, { commits }) => {
      if (commits) await checkState(database, count);
    },
  });
  print(bench, throughput);
  return throughput;
}

/** The best that pg-boss did in this run; NaN if it could not run. */
export function bestOfPgBoss(throughput: Throughput): number {
  const rates = pgBossNames.flatMap((name) => throughput[name]?.perSecond ?? []);
  return rates.length > 0 ? Math.max(...rates) : Number.NaN;
}

function print({ say }: Bench, throughput: Throughput): void {
  const noop = throughput['noop']?.perSecond ?? Number.NaN;
  const peer = bestOfPgBoss(throughput);
  const rows = Object.entries(throughput).map(([name, run]) => [
    contenders[name]?.title,
    run.perSecond,
    run.perSecond / noop,
    run.perSecond / peer,
    run.workerMicros,
    run.redisMicros,
    run.postgresMicros,
  ]);
  printTable(say, ['committed', 'units/s', '× no-op', '× peer', 'worker', 'Redis', 'PG'], rows);
  say('× peer: to the best of pg-boss. worker, Redis, PG: µs of CPU time per unit.');
}
