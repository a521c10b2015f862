import { type Bench, size } from './bench.js';
import type { Contender } from './contenders/contender.js';
import { Fleet } from './fleet.js';
import type { BenchDatabase, Servers } from './servers.js';
import { medianRatio, medians } from './statistics.js';
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

/** The median of a contender's runs. */
export interface Runs extends Run {
  /** Units per second by round, without those that did not end in the right state. */
  rates: Record<number, number>;
}

/** How many times the units per second of another a contender does; NaN if one of them could not run. */
export const timesFaster = (one?: Runs, other?: Runs): number => medianRatio(one?.rates ?? {}, other?.rates ?? {});

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
 * Runs contenders in turns, so that a noisy minute hits all alike, there and back, so that none always runs before another.
 *
 * @returns of those that ended in the right state
 */
export async function runInTurns(bench: Bench, contenders: Record<string, Contender>, frame: Frame) {
  const runs: Record<string, Record<number, Run>> = {};
  for (let round = 1; round <= bench.rounds; round++) {
    const there = Object.entries(contenders);
    for (const [name, contender] of round % 2 === 1 ? there : there.reverse()) {
      const label = `round ${round}  ${name.padEnd(22)}`;
      try {
        const run = await runOnce(bench, contender, frame);
        runs[name] = { ...runs[name], [round]: run };
        bench.say(`  ${label}${show(run.perSecond).padStart(9)} units/s`);
      } catch (error) {
        bench.wrong(label, error);
      }
    }
  }
  return Object.fromEntries(Object.entries(runs).map(([name, byRound]) => [name, medianOf(byRound)]));
}

function medianOf(byRound: Record<number, Run>): Runs {
  const rates = Object.fromEntries(Object.entries(byRound).map(([round, { perSecond }]) => [round, perSecond]));
  return { ...medians(Object.values(byRound)), rates };
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
