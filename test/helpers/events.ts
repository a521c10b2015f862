import type { Redis } from 'ioredis';
import type { BotEvent } from '../../src/domain/events.js';
import { EventQueue } from '../../src/event-queue.js';
import { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { openWorkerRedis } from '../../src/redis.js';
import { startRelay } from '../../src/schedule/relay.js';
import { type FreshDatabase, freshDatabase } from './databases.js';
import { freshRedisUrl } from './redis.js';

/** A database, a Redis, and whoever hands events from the one to the other. */
export interface EventFleet extends FreshDatabase {
  readonly redisUrl: string;
  readonly redis: Redis;
  /** Starts to hand over what is in the outbox. */
  startRelay(): Closable;
  /** A process of a bot. */
  open(bot?: string): BotLedger;
  /** The queue of a bot, as whoever looks at it sees it. */
  queueOf(bot?: string): EventQueue;
}

export async function startEventFleet(dialect: 'postgres' | 'sqlite' = 'sqlite'): Promise<EventFleet> {
  const fresh = await freshDatabase(dialect);
  const redisUrl = await freshRedisUrl();
  const redis = openWorkerRedis(redisUrl) as Redis;
  const opened: Closable[] = [fresh, { close: async () => redis.disconnect() }];
  const keep = <C extends Closable>(closable: C): C => {
    let closed: Promise<unknown> | undefined;
    const { close } = closable;
    closable.close = () => {
      closed ??= close.call(closable);
      return closed;
    };
    opened.push(closable);
    return closable;
  };
  return {
    ...fresh,
    redisUrl,
    redis,
    startRelay: () =>
      keep(startRelay({ config: { redisUrl }, database: fresh.database, logger: createLogger('relay', 'silent') })),
    open: (bot = 'spin_bot') => keep(new BotLedger({ bot, redisUrl })) as BotLedger,
    queueOf: (bot = 'spin_bot') => keep(new EventQueue(redis, bot)),
    close: () => closeAll(opened),
  };
}

/** An event as the relay makes it. */
export function badgeEvent(id: number, telegramId: number, rest: Partial<BotEvent> = {}): BotEvent {
  const at = new Date(Date.UTC(2026, 0, 15) + id).toISOString();
  const payload = { badgeType: `badge-${id}` };
  return { id, type: 'badge.awarded', telegramId, bot: 'spin_bot', at, payload, ...rest } as BotEvent;
}
