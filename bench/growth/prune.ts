import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { type Bench, size } from '../bench.js';
import { Child } from '../child.js';
import { botledgerPacks } from '../contenders/botledger.js';
import { enqueuePacks, PACK, withQueue } from '../contenders/enqueue.js';
import { fillLedger } from '../fill.js';
import { Fleet, unfinished } from '../fleet.js';
import type { PruneSettings } from '../prune.js';
import { printTable } from '../table.js';
import { checkState } from '../workload.js';

/** Units per second without and with the ledger being pruned. */
export interface Prune {
  before: number;
  during: number;
  /** Rows that were pruned, and how many of them in a second. */
  rows: number;
  rowsPerSecond: number;
}

/** Prunes a million rows that are past their time, beside as many that are not, while load runs. */
export async function measurePrune(bench: Bench): Promise<Prune> {
  const { servers } = bench;
  const rows = size(bench, 1_000_000, 20_000);
  const database = await servers.createDatabase();
  await servers.emptyRedis();
  const fleet = new Fleet(botledgerPacks, { redisUrl: servers.redisUrl, databaseUrl: database.url });
  const pruner = new Child(new URL('../prune.js', import.meta.url), {
    databaseUrl: database.url,
  } satisfies PruneSettings);
  try {
    await fillLedger(database, { count: rows, days: [60, 31] });
    await fillLedger(database, { count: rows, days: [28, 0] });
    await database.sql('VACUUM ANALYZE idempotency_keys');
    await fleet.start({ from: 0, to: 0 });

    const prune = await withQueue(fleet.contender.queue ?? '', servers.redisUrl, async (queue) => {
      const feeder = new Feeder(queue);
      await feeder.run(size(bench, 5_000, 1_000));
      const before = await feeder.run(size(bench, 10_000, 1_000));
      const start = performance.now();
      const pruned = pruner.ask<number>('prune');
      const during = await feeder.run(pruned);
      const rowsPerSecond = (rows * 1_000) / (performance.now() - start);
      await fleet.finished();
      await fleet.stop();
      if ((await pruned) !== rows) throw new Error(`expected ${rows} rows to be pruned, found ${await pruned}`);
      await checkState(database, feeder.fed, { xp: 0, keys: rows });
      return { before, during, rows, rowsPerSecond };
    });
    print(bench, prune);
    return prune;
  } finally {
    await Promise.all([fleet.close(), pruner.close()]);
    await database.drop();
  }
}

const FEED_MS = 20;
const PACKS = 60;

/** Keeps a queue from running dry, and counts what its workers get done. */
class Feeder {
  fed = 0;

  constructor(readonly queue: Queue) {}

  /**
   * Feeds for some milliseconds, or until something is done.
   *
   * @returns units that were done per second
   */
  async run(until: number | Promise<unknown>): Promise<number> {
    let over = false;
    const end = typeof until === 'number' ? pause(until) : until;
    const ended = end.finally(() => {
      over = true;
    });
    const start = performance.now();
    const before = await this.#done();
    while (!over) {
      if ((await unfinished(this.queue)) < PACKS) {
        await enqueuePacks(this.queue, { from: this.fed, to: this.fed + PACKS * PACK });
        this.fed += PACKS * PACK;
      }
      await pause(FEED_MS);
    }
    await ended;
    return (((await this.#done()) - before) * 1_000) / (performance.now() - start);
  }

  async #done(): Promise<number> {
    return this.fed - (await unfinished(this.queue)) * PACK;
  }
}

function print({ say }: Bench, { before, during, rows, rowsPerSecond }: Prune): void {
  printTable(
    say,
    ['pruning the ledger under load', 'units/s', '× before'],
    [
      ['before', before, 1],
      [`while ${rows.toLocaleString('en-US')} rows go`, during, during / before],
    ],
  );
  say(`pruned ${Math.round(rowsPerSecond).toLocaleString('en-US')} rows/s`);
}
