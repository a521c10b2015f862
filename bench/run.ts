import { type Bench, size } from './bench.js';
import type { Contender } from './contenders/contender.js';
import { Fleet } from './fleet.js';
import type { BenchDatabase, Servers } from './servers.js';
import { medians } from './statistics.js';
import { show } from './table.js';
import type { Range } from './workload.js';

/** One run of a contender. CPU times are microseconds per unit; NaN where this system does not tell. */
export interface Run {
  /** Units committed per second, from the moment the workers take the first until the last is done. */
  perSecond: number;
  workerMicros: number;
  redisMicros: number;
  postgresMicros: number;
  /** Memory of the worker processes at the end, in megabytes. */
  rssMb: number;
}

/** The state that a run starts from and ends with. */
interface Frame {
  prepare?(database: BenchDatabase): Promise<void>;
  /** @throws Error when the units before `count` are not applied exactly once */
  check(database: BenchDatabase, count: number, contender: Contender): Promise<void>;
}

/** A quarter as many units again come before the measured ones, in the same processes. */
const WARM_UP = 1 / 4;

/** A quick run does this share of the units. */
const QUICK = 1 / 10;

/**
 * Runs contenders in turns, so that a noisy minute hits all alike.
 *
 * @returns the median run of each that ended in the right state
 */
export async function runInTurns(bench: Bench, contenders: Record<string, Contender>, frame: Frame) {
  const runs: Record<string, Run[]> = {};
  for (let round = 1; round <= bench.rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const label = `round ${round}  ${name.padEnd(22)}`;
      try {
        const run = await runOnce(bench, contender, frame);
        runs[name] = [...(runs[name] ?? []), run];
        bench.say(`  ${label}${show(run.perSecond).padStart(9)} units/s`);
      } catch (error) {
        bench.wrong(label, error);
      }
    }
  }
  return Object.fromEntries(Object.entries(runs).map(([name, sample]) => [name, medians(sample)]));
}

async function runOnce(bench: Bench, contender: Contender, { prepare, check }: Frame): Promise<Run> {
  const { servers } = bench;
  const units = size(bench, contender.units, Math.round(contender.units * QUICK));
  const warm = Math.round(units * WARM_UP);
  const database = await servers.createDatabase();
  await prepare?.(database);
  await servers.emptyRedis();
  const fleet = new Fleet(contender, { redisUrl: servers.redisUrl, databaseUrl: database.url });
  try {
    await warmUp(fleet, { from: 0, to: warm });
    const run = await measureRun(servers, database, fleet, { from: warm, to: warm + units });
    await check(database, warm + units, contender);
    return run;
  } finally {
    await fleet.close();
    await database.drop();
  }
}

/** Lets workers do some units, so that processes have started and V8 has compiled what it needs. */
export async function warmUp(fleet: Fleet, range: Range): Promise<void> {
  await fleet.fill(range);
  await fleet.start(range);
  await fleet.finished();
  await fleet.stop();
}

/** Does the units of a range with workers that stand by, and measures it. */
export async function measureRun(servers: Servers, database: BenchDatabase, fleet: Fleet, range: Range): Promise<Run> {
  await fleet.fill(range);
  // Everyone starts with good statistics, and with no writes of the filling under way.
  await database.sql('ANALYZE');
  await database.sql('CHECKPOINT');

  const [usedBefore, cpuBefore] = [await fleet.usage(), await servers.cpu()];
  await fleet.start(range);
  const start = performance.now();
  await fleet.finished();
  const seconds = (performance.now() - start) / 1_000;
  await fleet.stop();
  const [used, cpu] = [await fleet.usage(), await servers.cpu()];

  const units = range.to - range.from;
  const micros = (after: number | undefined, before: number | undefined) =>
    (((after ?? Number.NaN) - (before ?? Number.NaN)) * 1_000) / units;
  return {
    perSecond: units / seconds,
    workerMicros: micros(used.cpuMs, usedBefore.cpuMs),
    redisMicros: micros(cpu.redis, cpuBefore.redis),
    postgresMicros: micros(cpu.postgres, cpuBefore.postgres),
    rssMb: used.rssMb,
  };
}
