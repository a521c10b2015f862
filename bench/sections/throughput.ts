import type { Bench } from '../bench.js';
import { contenders, peers, pgBossNames } from '../contenders/index.js';
import { installPeers } from '../peers.js';
import { type Runs, runInTurns, timesFaster } from '../run.js';
import { printTable } from '../table.js';
import { checkState } from '../workload.js';

/** The contenders that could run. */
export type Throughput = Record<string, Runs>;

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

/** The setting of pg-boss that did most in this run, if it could run. */
export const bestOfPgBoss = (throughput: Throughput): Runs | undefined =>
  pgBossNames.flatMap((name) => throughput[name] ?? []).sort((a, b) => b.perSecond - a.perSecond)[0];

function print({ say }: Bench, throughput: Throughput): void {
  const peer = bestOfPgBoss(throughput);
  const rows = Object.entries(throughput)
    .sort(([, a], [, b]) => b.perSecond - a.perSecond)
    .map(([name, runs]) => [
      contenders[name]?.title,
      runs.perSecond,
      timesFaster(runs, throughput['noop']),
      timesFaster(runs, peer),
      runs.workerMicros,
      runs.redisMicros,
      runs.postgresMicros,
    ]);
  printTable(say, ['committed', 'units/s', '× no-op', '× peer', 'worker', 'Redis', 'PG'], rows);
  say('× : the median over the rounds. peer: the best of pg-boss. worker, Redis, PG: µs of CPU time per unit.');
}
