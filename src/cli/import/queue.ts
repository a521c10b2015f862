import { setTimeout as pause } from 'node:timers/promises';
import {
  ApiError,
  IdempotencyConflictError,
  QueueUnavailableError,
  ResultTimeoutError,
  UserDeletedError,
  ValidationError,
} from '../../errors.js';
import { BotLedger, type Receipt } from '../../index.js';
import { type Closable, closeAll } from '../../lifecycle.js';
import { failFast, UnitQueues } from '../../queue.js';
import { databaseOf, openProducerRedis, type RedisClient } from '../../redis.js';
import type { PlannedRow } from './plan.js';

/** What became of a row that was sent: what its operations answered, or why it was not applied. */
export type Outcome = { outcomes: unknown[] } | { reason: string };

interface Sent {
  row: PlannedRow;
  receipt: Receipt<unknown[]>;
}

interface ImportQueueOptions {
  bot: string;
  redisUrl: string;
  queuePartitions: number;
  /** When the file was written. */
  at: Date;
  maxUnitBytes: number;
  /** What to sign with; by default BOT_SECRET. */
  secret: string | undefined;
}

/** Why a row is not applied whose key was used before. */
export const CONFLICT = 'imported before with other content: this is not applied, see docs/import.md';

/** Redis may be busy for a moment, or restart. */
const SEND_PATIENCE_MS = 30_000;

/** How often somebody looks whether there is a worker at all. */
const LOOK_EVERY_MS = 10_000;

/** Without any outcome for so long, something is wrong that waiting does not mend. */
const GIVE_UP_MS = 300_000;

/** The way of rows through the queue, and back. */
export class ImportQueue implements Closable {
  readonly #ledger: BotLedger;
  readonly #queues: UnitQueues;
  readonly #redis: RedisClient;
  readonly #at: Date;
  #lastNews = performance.now();
  #closed = false;

  constructor({ bot, redisUrl, queuePartitions, at, maxUnitBytes, secret }: ImportQueueOptions) {
    this.#at = at;
    // Without the API: what no job tells is looked up in the database.
    this.#ledger = new BotLedger({
      bot,
      redisUrl,
      queuePartitions,
      apiUrl: '',
      maxUnitBytes,
      ...(secret && { secret }),
    });
    this.#redis = openProducerRedis(redisUrl);
    // One partition tells of the workers, because each of them takes from all.
    this.#queues = new UnitQueues(this.#redis, 1, failFast);
  }

  /** BullMQ counts those of all databases of this Redis. */
  async #countWorkers(): Promise<number> {
    const workers = await this.#queues.all[0]?.getWorkers();
    return (workers ?? []).filter((worker) => Number(worker['db']) === databaseOf(this.#redis)).length;
  }

  /** @throws Error that says what to do, when nobody takes jobs */
  async requireWorker(): Promise<void> {
    const workers = await this.#patiently(() => this.#countWorkers());
    if (workers === 0) {
      throw new Error('no commit worker takes jobs: start `botledger commit`, or let this run do it with --work');
    }
  }

  /**
   * Sends rows and waits until they are applied, or refused.
   *
   * @param isApplied tells of rows whether they are, when their jobs do not
   * @throws Error when Redis or the workers are away for too long; sending again is safe
   */
  async apply(
    rows: readonly PlannedRow[],
    isApplied: (rows: readonly PlannedRow[]) => Promise<Set<PlannedRow>>,
  ): Promise<Map<PlannedRow, Outcome>> {
    const units = rows.map(({ key, build }) => ({ key, at: this.#at, build }));
    const receipts = await this.#patiently(() => this.#ledger.enqueueMany(units, { hotSessions: false }));
    const results = new Map<PlannedRow, Outcome>();
    let open = rows.map((row, index): Sent => ({ row, receipt: receipts[index] as Receipt<unknown[]> }));
    while (open.length > 0) {
      const asked = performance.now();
      open = await this.#settle(open, results);
      if (open.length === 0) break;
      const applied = await isApplied(open.map(({ row }) => row));
      for (const row of applied) results.set(row, { outcomes: [] });
      open = open.filter(({ row }) => !applied.has(row));
      // Receipts that give up early have lost their jobs.
      const gone = performance.now() - asked < LOOK_EVERY_MS / 2;
      for (const { row } of gone ? open.splice(0) : []) results.set(row, { reason: 'its job was taken out of Redis' });
      if (open.length > 0) await this.#mindTheWorkers();
    }
    return results;
  }

  /** Waits for outcomes, for a while; returns those that are still to come. */
  async #settle(sent: readonly Sent[], results: Map<PlannedRow, Outcome>): Promise<Sent[]> {
    const late: Sent[] = [];
    await Promise.all(
      sent.map(async (one) => {
        try {
          results.set(one.row, { outcomes: await one.receipt.result({ timeoutMs: LOOK_EVERY_MS }) });
          this.#lastNews = performance.now();
        } catch (error) {
          // Without the API, an ApiError says that the job is gone.
          if (error instanceof ResultTimeoutError || error instanceof ApiError) late.push(one);
          else results.set(one.row, { reason: describeFailure(error as Error) });
        }
      }),
    );
    return late;
  }

  async #mindTheWorkers(): Promise<void> {
    await this.requireWorker();
    if (performance.now() - this.#lastNews > GIVE_UP_MS) {
      throw new Error('the commit workers have applied nothing for minutes: look at their logs');
    }
  }

  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + SEND_PATIENCE_MS;
    for (;;) {
      try {
        if (this.#redis.status !== 'ready') throw new QueueUnavailableError(undefined);
        return await work();
      } catch (error) {
        if (this.#closed || error instanceof ValidationError || performance.now() > deadline) throw error;
        await pause(200);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await closeAll([{ close: async () => this.#redis.disconnect() }, this.#queues, this.#ledger]);
  }
}

function describeFailure(error: Error): string {
  if (error instanceof IdempotencyConflictError) return CONFLICT;
  if (error instanceof UserDeletedError)
    return 'the user was deleted after the file was written, and is not brought back';
  return error.message;
}
