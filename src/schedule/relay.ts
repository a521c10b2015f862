import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config.js';
import type { Database, Dialect, SqlSession, Statement } from '../database.js';
import { LateError, within } from '../deadline.js';
import { type BotEvent, type EventType, fulfils } from '../domain/events.js';
import { EventQueues, waitForNews } from '../event-queue.js';
import type { Closable } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { failFast } from '../queue.js';
import { openProducerRedis, type RedisClient } from '../redis.js';
import { sqlTime } from './sql-time.js';

/** Most events of one transaction: a deletion does not wait long for the rows of its user. */
const CHUNK = 500;

/** Who commits events says so; this is for those that it died too early to tell of, and for scheduled ones. */
const LOOK_EVERY_SECONDS = 5;

/** Longer than that nothing waits for Redis: on SQLite, nobody writes meanwhile. */
const REDIS_PATIENCE_MS = 3_000;

const AFTER_FAILURE_MS = 1_000;

/** What the relay needs. */
export interface RelayDependencies {
  config: Pick<Config, 'redisUrl'>;
  database: Pick<Database, 'transaction'>;
  logger: Logger;
}

/**
 * Starts to hand the events of the outbox to the queues of the bots that wish for them. Several may run: they take turns.
 *
 * @returns at once; `close()` finishes the chunk at hand
 */
export function startRelay({ config, database, logger }: RelayDependencies): Closable {
  const closing = new AbortController();
  const redis = openProducerRedis(config.redisUrl);
  // Of its own, because it is blocked most of the time.
  const waiting = openProducerRedis(config.redisUrl);
  const queues = new EventQueues(redis, failFast);
  const relay = new Relay(database, queues);

  const { signal } = closing;
  // A command that waits for Redis to come back does not end with its connection.
  const aborted = once(signal, 'abort');
  const waitOnce = async () => {
    const news = waitForNews(waiting, LOOK_EVERY_SECONDS);
    await within(LOOK_EVERY_SECONDS * 1_000 + REDIS_PATIENCE_MS, Promise.race([news, aborted])).catch((error) => {
      // A connection that does not even say that there is nothing is made anew.
      if (error instanceof LateError) waiting.disconnect(true);
      else throw error;
    });
  };
  const run = async () => {
    while (!signal.aborted) {
      try {
        await Promise.all([isReady(redis, signal), isReady(waiting, signal)]);
        const relayed = await relay.drain(signal);
        if (relayed > 0) logger.debug({ relayed }, 'events handed to the queues of the bots');
        await waitOnce();
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: (error as Error).message }, 'events wait in the outbox');
        await pause(AFTER_FAILURE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const running = run();
  return {
    async close() {
      closing.abort();
      waiting.disconnect();
      await running;
      await queues.close();
      redis.disconnect();
    },
  };
}

async function isReady(redis: RedisClient, signal: AbortSignal): Promise<void> {
  if (redis.status !== 'ready') await once(redis, 'ready', { signal });
}

/** A row of the outbox with its user. */
interface OutboxRow {
  id: number;
  telegramId: number;
  botName: string | null;
  type: EventType;
  payload: string;
  createdAt: Date | string;
}

class Relay {
  readonly #database: Pick<Database, 'transaction'>;
  readonly #queues: EventQueues;

  constructor(database: Pick<Database, 'transaction'>, queues: EventQueues) {
    this.#database = database;
    this.#queues = queues;
  }

  /** Hands over all that there is; returns how many events that were. */
  async drain(signal: AbortSignal): Promise<number> {
    let relayed = 0;
    let found = CHUNK;
    while (found === CHUNK && !signal.aborted) {
      found = await this.#database.transaction((session) => this.#relayChunk(session));
      relayed += found;
    }
    return relayed;
  }

  /**
   * The rows are locked until they are marked: a deletion of their user waits for that, and then finds the events in the
   * queues. Who dies in between leaves them unmarked, and they are queued again under the same ids.
   */
  async #relayChunk(session: SqlSession): Promise<number> {
    const texts = statements[session.dialect];
    const [, rows] = await Promise.all([session.query(texts.lockOut, []), session.query(texts.find, [])]);
    if (rows.length === 0) return 0;
    await within(REDIS_PATIENCE_MS, this.#enqueue((rows as unknown as OutboxRow[]).map(eventOf)));
    const ids = rows.map(({ id }) => id);
    await session.query(texts.mark, [
      session.dialect === 'sqlite' ? JSON.stringify(ids) : ids,
      sqlTime(session.dialect, new Date()),
    ]);
    return rows.length;
  }

  async #enqueue(events: readonly BotEvent[]): Promise<void> {
    // Read after the events: a wish that came before one of them is seen.
    for (const { bot, events: queue, wishes } of await this.#queues.wanted()) {
      const wished = events.filter((event) => wishes.some((wish) => fulfils(event, bot, wish)));
      if (wished.length > 0) await queue.add(wished);
    }
  }
}

function eventOf({ id, telegramId, botName, type, payload, createdAt }: OutboxRow): BotEvent {
  const at = new Date(createdAt).toISOString();
  return { id, type, telegramId, bot: botName, at, payload: JSON.parse(payload) };
}

const found = (lock: string) => `
  SELECT o.id, u.telegram_id AS "telegramId", o.bot_name AS "botName", o.type, o.payload, o.created_at AS "createdAt"
    FROM outbox AS o JOIN users AS u ON u.id = o.user_id
   WHERE o.delivered_at IS NULL ORDER BY o.id LIMIT ${CHUNK} ${lock}`;

// Without names: a plan of when the outbox was empty would be kept as it fills.
const statements: Record<Dialect, Record<'lockOut' | 'find' | 'mark', Statement>> = {
  postgres: {
    // One at a time, in whatever process.
    lockOut: { text: 'SELECT pg_advisory_xact_lock(7226014)' },
    find: { text: found('FOR UPDATE OF o') },
    mark: {
      text: 'UPDATE outbox SET delivered_at = $2::timestamptz WHERE id = ANY($1::bigint[])',
    },
  },
  sqlite: {
    lockOut: { text: 'SELECT 1' },
    find: { text: found('') },
    mark: {
      text: 'UPDATE outbox SET delivered_at = ?2 WHERE id IN (SELECT value FROM json_each(?1))',
    },
  },
};
