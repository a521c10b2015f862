import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import { within } from '../deadline.js';
import { describeOutage } from '../failures.js';
import type { Logger } from '../logger.js';
import { addressOf, openProducerRedis, type RedisClient } from '../redis.js';
import { describeRefusal } from '../redis-refusals.js';
import { findRedisProblems } from './redis-checks.js';

/** What a start needs. */
interface StartupDependencies {
  config: Pick<Config, 'databaseUrl' | 'redisChecks' | 'redisUrl' | 'startupWaitMs'>;
  database: Pick<Database, 'ping'>;
  logger: Logger;
}

/** An answer that takes longer counts as none. */
const PATIENCE_MS = 5_000;

/** How often it is asked again, and how often the log says so. */
const ASK_EVERY_MS = 500;
const SAY_EVERY_MS = 10_000;

/**
 * Waits until Redis and the database answer, for as long as STARTUP_WAIT_SECONDS says, and looks whether Redis is set up
 * for what it has to keep. So parts can be started in any order.
 *
 * @throws Error that names what is missing or wrong, with the remedies and no password
 */
export async function waitForBackends({ config, database, logger }: StartupDependencies): Promise<void> {
  const redis = openProducerRedis(config.redisUrl);
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  // What it said itself says more than that there is no connection.
  const askRedis = () => ask(redis).catch((error: unknown) => Promise.reject(lastError ?? error));
  try {
    await untilAll([
      { what: `Redis at ${addressOf(config.redisUrl)} (REDIS_URL)`, ask: askRedis },
      { what: `the database at ${placeOf(config.databaseUrl)} (DATABASE_URL)`, ask: () => database.ping() },
    ]);
    report(await findRedisProblems(redis));
  } finally {
    redis.disconnect();
  }

  async function untilAll(backends: readonly { what: string; ask: () => Promise<unknown> }[]): Promise<void> {
    const deadline = Date.now() + config.startupWaitMs;
    let said = Number.NEGATIVE_INFINITY;
    for (;;) {
      const missing = (await Promise.all(backends.map(lookFor))).flat();
      if (missing.length === 0) return;
      if (Date.now() >= deadline) throw new Error(missing.join('\n  '));
      if (Date.now() - said >= SAY_EVERY_MS) {
        logger.warn({ missing, secondsLeft: Math.ceil((deadline - Date.now()) / 1_000) }, 'waiting');
        said = Date.now();
      }
      await pause(Math.min(ASK_EVERY_MS, deadline - Date.now()));
    }
  }

  function report(problems: readonly string[]): void {
    if (problems.length === 0) return;
    if (config.redisChecks === 'warn') {
      logger.warn({ problems }, 'Redis is not set up to keep what it is given');
      return;
    }
    throw new Error(
      `Redis is not set up to keep what it is given, and production does not start with it:\n  ${problems.join('\n  ')}\n` +
        'REDIS_CHECKS=warn starts all the same',
    );
  }
}

async function lookFor({ what, ask }: { what: string; ask: () => Promise<unknown> }): Promise<string[]> {
  try {
    await within(PATIENCE_MS, ask());
    return [];
  } catch (error) {
    return [`${what} is not there: ${describeRefusal(error) ?? describeOutage(error)}`];
  }
}

async function ask(redis: RedisClient): Promise<void> {
  if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(ASK_EVERY_MS) });
  await redis.ping();
}

/** Where a database is, without user and password. */
function placeOf(url: string): string {
  if (!URL.canParse(url) || url.startsWith('sqlite:')) return url;
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
