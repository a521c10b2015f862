import { type Bench, size } from '../bench.js';
import { Child } from '../child.js';
import { botledgerPacks } from '../contenders/botledger.js';
import { withQueue } from '../contenders/enqueue.js';
import { Fleet, unfinished } from '../fleet.js';
import type { ProducerSettings, Sent } from '../produce.js';
import { median, spread } from '../statistics.js';
import { printTable } from '../table.js';
import { checkState, type Range } from '../workload.js';

/** A way of sending: units per second, and milliseconds until a call returned where each unit has its own. */
export interface Rate {
  perSecond: number;
  p50: number;
  p99: number;
}

const modes = {
  oneByOne: { units: 4_000, atOnce: 1, ledger: 'await ledger.addXp(), in turn', queue: 'await queue.add(), in turn' },
  together: {
    units: 40_000,
    atOnce: 1_000,
    ledger: 'ledger.addXp(), 1,000 at once',
    queue: 'queue.add(), 1,000 at once',
  },
  bulk: { units: 60_000, atOnce: 2_000, ledger: 'ledger.enqueueMany(2,000)', queue: 'queue.addBulk(2,000)' },
};

type Mode = keyof typeof modes;
type Way = 'ledger' | 'queue';

/** What was measured: by the SDK, and by BullMQ alone. */
export type Enqueue = Record<Mode, Record<Way, Rate>>;

const BARE_QUEUE = 'bench-bare';
const WARM_UP = 2_000;

/** What bots wait for: until Redis holds their units. Nobody takes jobs meanwhile. */
export async function measureEnqueue(bench: Bench): Promise<Enqueue> {
  const runs: Record<Way, Record<Mode, Sent[]>> = { ledger: noRuns(), queue: noRuns() };
  for (let round = 1; round <= bench.rounds; round++) {
    bench.say(`  round ${round}  enqueueing`);
    await runOnce(bench, runs).catch((error) => bench.wrong(`round ${round}  enqueueing`, error));
  }
  const rateOf = (mode: Mode, way: Way): Rate => ({
    perSecond: median(runs[way][mode].map(({ seconds }) => unitsOf(bench, mode) / seconds)),
    ...spread(runs[way][mode].flatMap(({ enqueued }) => enqueued)),
  });
  const rates = Object.fromEntries(
    names.map((mode) => [mode, { ledger: rateOf(mode, 'ledger'), queue: rateOf(mode, 'queue') }]),
  ) as Enqueue;
  const row = (mode: Mode, way: Way) => {
    const { perSecond, p50, p99 } = rates[mode][way];
    return [modes[mode][way], perSecond, perSecond / rates.bulk.queue.perSecond, p50, p99];
  };
  const rows = names.flatMap((mode) => [row(mode, 'ledger'), row(mode, 'queue')]);
  printTable(bench.say, ['enqueued', 'units/s', '× addBulk', 'p50 ms', 'p99 ms'], rows);
  return rates;
}

const names = Object.keys(modes) as Mode[];
const noRuns = (): Record<Mode, Sent[]> => ({ oneByOne: [], together: [], bulk: [] });
const unitsOf = (bench: Bench, mode: Mode) => size(bench, modes[mode].units, modes[mode].units / 5);

/** All modes in turns; afterwards a worker commits what the SDK sent, and every unit must be there. */
async function runOnce(bench: Bench, runs: Record<Way, Record<Mode, Sent[]>>): Promise<void> {
  const { redisUrl } = bench.servers;
  await bench.servers.emptyRedis();
  const producers = {
    ledger: new Child(producer, { redisUrl } satisfies ProducerSettings),
    queue: new Child(producer, { redisUrl, queue: BARE_QUEUE } satisfies ProducerSettings),
  };
  const ways: Way[] = ['queue', 'ledger'];
  try {
    let to = WARM_UP;
    for (const way of ways) await producers[way].ask('together', { from: 0, to, atOnce: 100 });
    for (const mode of names) {
      const range: Range = { from: to, to: to + unitsOf(bench, mode) };
      const { atOnce } = modes[mode];
      for (const way of ways) runs[way][mode].push(await producers[way].ask<Sent>(mode, { ...range, atOnce }));
      to = range.to;
    }
    const jobs = await withQueue(BARE_QUEUE, redisUrl, unfinished);
    if (jobs !== to) throw new Error(`expected ${to} jobs of BullMQ alone, found ${jobs}`);
    await checkCommitted(bench, to);
  } finally {
    await Promise.all([producers.ledger.close(), producers.queue.close()]);
  }
}

const producer = new URL('../produce.js', import.meta.url);

async function checkCommitted({ servers }: Bench, units: number): Promise<void> {
  const database = await servers.createDatabase();
  const fleet = new Fleet(botledgerPacks, { redisUrl: servers.redisUrl, databaseUrl: database.url });
  try {
    await fleet.start({ from: 0, to: units });
    await fleet.finished();
    await fleet.stop();
    await checkState(database, units);
  } finally {
    await fleet.close();
    await database.drop();
  }
}
