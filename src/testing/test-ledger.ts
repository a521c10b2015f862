import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from '../api/server.js';
import { BotLedger, type BotLedgerOptions } from '../client/ledger.js';
import { startCommitWorker } from '../commit/worker.js';
import { readConfig } from '../config.js';
import { Database } from '../database.js';
import type {
  AccessView,
  BadgeView,
  PaymentView,
  PromocodeView,
  SessionView,
  SubscriptionView,
  TrainingView,
  UserView,
} from '../domain/views.js';
import { startEmbeddedRedis } from '../embedded/redis.js';
import { type Closable, closeAll } from '../lifecycle.js';
import { createLogger } from '../logger.js';
import { openRepositories } from '../repositories/index.js';
import { startSchedule } from '../schedule/worker.js';
import { Drain } from './drain.js';

/** A whole ledger of a test's own. Its reads answer what was applied: `drain()` first. */
export interface TestLedger extends Closable {
  readonly redisUrl: string;
  readonly apiUrl: string;
  /** Of any bot. */
  readonly apiToken: string;

  /** The ledger that a bot of this name opens; closed with the rest. */
  bot(name: string, options?: Omit<BotLedgerOptions, 'bot'>): BotLedger;

  /**
   * Waits until everything that was enqueued is applied.
   *
   * @param options.timeoutMs how long to wait, in milliseconds; 10 s by default
   * @throws AggregateError when units failed since it was last called, with an OperationFailedError, ValidationError or
   *   IdempotencyConflictError for each
   * @throws Error when it takes longer
   */
  drain(options?: { timeoutMs?: number }): Promise<void>;

  /** null while the user is unknown. */
  user(telegramId: number): Promise<UserView | null>;
  /** Both empty while nothing was saved. */
  session(bot: string, telegramId: number): Promise<Pick<SessionView, 'session' | 'stats'>>;
  badges(telegramId: number): Promise<BadgeView[]>;
  access(telegramId: number): Promise<AccessView>;
  /** The one in force, or null. */
  subscription(telegramId: number): Promise<SubscriptionView | null>;
  payments(telegramId: number): Promise<PaymentView[]>;
  /** The newest first, 100 at most. */
  trainings(telegramId: number): Promise<TrainingView[]>;
  /** null when there is none of this code. */
  promocode(code: string): Promise<PromocodeView | null>;
  /** What the operations of a unit answered; null when it was not applied. */
  outcomes(bot: string, key: string): Promise<unknown[] | null>;

  /** Closes and removes everything. */
  close(): Promise<void>;
}

const MOST_TRAININGS = 100;

/**
 * Starts a whole ledger in this process, on a private Redis and an SQLite file in a temporary directory: for the tests
 * of bots, with any runner.
 *
 * @throws Error when no `redis-server` is installed
 */
export async function startTestLedger(): Promise<TestLedger> {
  const directory = mkdtempSync(join(tmpdir(), 'botledger-test-'));
  const opened: Closable[] = [{ close: () => rm(directory, { recursive: true, force: true }) }];
  const open = async <T extends Closable>(opening: Promise<T> | T): Promise<T> => {
    const closable = await opening;
    opened.push(closable);
    return closable;
  };
  const close = () => closeAll(opened.splice(0));
  try {
    const { url: redisUrl } = await open(startEmbeddedRedis({ directory: join(directory, 'redis') }));
    const databaseUrl = `sqlite:${join(directory, 'botledger.sqlite')}`;
    const config = readConfig({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, PORT: '0' });
    const logger = createLogger('testing', 'silent');
    const database = await open(new Database({ url: databaseUrl }));
    await database.migrate();
    await open(startCommitWorker({ config, database, logger }));
    await open(startSchedule({ config, database, logger }));
    const { url: apiUrl } = await open(startApi({ config, database, logger }));
    const apiToken = config.generated.apiToken as string;
    const drain = await open(new Drain(redisUrl));
    return {
      redisUrl,
      apiUrl,
      apiToken,
      bot(name, options) {
        const ledger = new BotLedger({ redisUrl, apiUrl, apiToken, queuePartitions: 1, ...options, bot: name });
        opened.push(ledger);
        return ledger;
      },
      drain: (options) => drain.untilApplied(options),
      ...reads(database),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function reads(database: Database) {
  const { users, sessions, badges, subscriptions, payments, trainings, promocodes, ledger } =
    openRepositories(database);
  return {
    user: (telegramId: number) => users.byTelegramId(telegramId),
    async session(bot: string, telegramId: number) {
      const { session, stats } = await sessions.byTelegramId(telegramId, bot);
      return { session, stats };
    },
    badges: (telegramId: number) => badges.byTelegramId(telegramId),
    access: (telegramId: number) => subscriptions.checkAccess(telegramId),
    subscription: (telegramId: number) => subscriptions.active(telegramId),
    payments: (telegramId: number) => payments.byTelegramId(telegramId),
    trainings: async (telegramId: number) =>
      (await trainings.byTelegramId(telegramId, { limit: MOST_TRAININGS })).trainings,
    promocode: (code: string) => promocodes.byCode(code),
    outcomes: (bot: string, key: string) => ledger.outcomes(bot, key),
  };
}
