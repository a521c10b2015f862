import { Job, type JobsOptions, Queue, type QueueOptions } from 'bullmq';
import type { BotEvent, EventType, Wish } from './domain/events.js';
import { type Closable, closeAll } from './lifecycle.js';
import { queueName } from './queue.js';
import type { RedisClient } from './redis.js';

/** One queue per bot that wants to be told of events: `botledger-events~spin_bot`. */
export const EVENTS_QUEUE = 'botledger-events';

/** A field per bot and type, `spin_bot badge.awarded`, with whose events are meant. */
const WISHES = 'botledger:event-wishes';

/** Holds something while there are events that nobody has handed to the queues. */
const NEWS = 'botledger:event-news';

/**
 * How a failing handler is tried again: after one second, two, four … about nine minutes in all, spread by half. What
 * failed for good stays until a person looks at it.
 */
const eventJobOptions: JobsOptions = {
  attempts: 10,
  backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
  stackTraceLimit: 1,
};

/** What was handled is kept for an hour, for people to see, and so that it is not queued once more. */
export const keepHandled = { age: 3_600, count: 1_000 };

/** Notes for good that a bot wants to be told of events. One that wants those of all bots already stays so. */
export const addWish = (redis: RedisClient, bot: string, { type, from }: Wish) =>
  from === 'all' ? redis.hset(WISHES, `${bot} ${type}`, from) : redis.hsetnx(WISHES, `${bot} ${type}`, from);

/** Takes back one of a bot's wishes, or all; says whether any is left. */
export async function removeWish(redis: RedisClient, bot: string, type?: Wish['type']): Promise<boolean> {
  const wishes = (await readWishes(redis)).get(bot) ?? [];
  const [gone, left] = [[], []] as [Wish[], Wish[]];
  for (const wish of wishes) (type === undefined || wish.type === type ? gone : left).push(wish);
  if (gone.length > 0) await redis.hdel(WISHES, ...gone.map((wish) => `${bot} ${wish.type}`));
  return left.length > 0;
}

/** What the bots want to be told of, by bot. */
export async function readWishes(redis: RedisClient): Promise<Map<string, Wish[]>> {
  const wishes = new Map<string, Wish[]>();
  for (const [field, from] of Object.entries(await redis.hgetall(WISHES))) {
    // A bot's name has no space in it.
    const [bot = '', type] = field.split(' ') as [string, EventType | '*'];
    wishes.set(bot, [...(wishes.get(bot) ?? []), { type, from: from as Wish['from'] }]);
  }
  return wishes;
}

/** Says that there are new events in the outbox. */
export const tellOfNews = (redis: RedisClient) => redis.zadd(NEWS, 0, 'events');

/** Waits until there are new events in the outbox, for so many seconds at most. */
export const waitForNews = (redis: RedisClient, seconds: number) => redis.bzpopmin(NEWS, seconds);

/** What a bot may do with an event: handle it now, leave it until the one before is done, or not at all. */
export type Turn = 'now' | 'later' | 'never';

/**
 * The events of one bot. A job is one event. Because retries reorder jobs, and several processes of a bot take from the
 * same queue, the order of each user's events stands beside them in a sorted set, `123456:0000000000000042`: an event is
 * handled when none of that user before it is unfinished. Whether one is, its job tells; the set holds no state.
 */
export class EventQueue implements Closable {
  readonly queue: Queue;
  readonly #redis: RedisClient;
  readonly #order: string;

  constructor(redis: RedisClient, bot: string, options: Omit<QueueOptions, 'connection'> = {}) {
    this.queue = new Queue(queueName(`${EVENTS_QUEUE}~${bot}`, redis), { connection: redis, ...options });
    this.queue.on('error', () => undefined);
    this.#redis = redis;
    this.#order = this.queue.toKey('order');
  }

  /** Adds events, given in their order. Those that are there already stay as they are. */
  async add(events: readonly BotEvent[]): Promise<void> {
    // The order first: whoever sees the job of an event must see what comes before it.
    await this.#redis.zadd(this.#order, ...events.flatMap((event) => [0, placeOf(event)]));
    await this.queue.addBulk(
      events.map((event) => ({
        name: event.type,
        data: event,
        opts: { ...eventJobOptions, jobId: jobIdOf(placeOf(event)) },
      })),
    );
  }

  /** Whether it is an event's turn; never, when its user was deleted. */
  async turnOf(event: BotEvent): Promise<Turn> {
    const places = await this.#redis.zrangebylex(this.#order, `[${event.telegramId}:`, `[${placeOf(event)}`);
    if (places.pop() !== placeOf(event)) return 'never';
    for (const place of places) {
      const state = await this.queue.getJobState(jobIdOf(place));
      // What failed for good holds nobody up, and keeps its place for who retries it. Who completed it gives up its place.
      if (state === 'failed' || state === 'completed') continue;
      if (state !== 'unknown') return 'later';
      await this.#redis.zrem(this.#order, place);
    }
    return 'now';
  }

  /** Gives up the place of an event that is handled; says whether it still had one. */
  async leave(event: BotEvent): Promise<boolean> {
    return (await this.#redis.zrem(this.#order, placeOf(event))) > 0;
  }

  /** Lets the next event of the user go on, if it was put off. */
  async wakeNext(event: BotEvent): Promise<void> {
    const places = await this.#redis.zrangebylex(this.#order, `(${placeOf(event)}`, `(${afterAllOf(event.telegramId)}`);
    for (const place of places) {
      const state = await this.queue.getJobState(jobIdOf(place));
      if (state === 'failed' || state === 'completed' || state === 'unknown') continue;
      if (state === 'delayed') await this.wake(jobIdOf(place));
      return;
    }
  }

  /** Lets an event that was put off go on. */
  async wake(jobId: string): Promise<void> {
    const job = await Job.fromId(this.queue, jobId);
    // Somebody else was faster.
    await job?.promote().catch(() => undefined);
  }

  /**
   * Removes what is held on a user. An event that is being handled goes when that ends.
   *
   * @param until later events are of a user who came back
   */
  async forget(telegramId: number, until: Date): Promise<void> {
    const isOld = ({ data }: Job<BotEvent>) => data.telegramId === telegramId && new Date(data.at) <= until;
    for (const place of await this.#redis.zrangebylex(this.#order, `[${telegramId}:`, `(${afterAllOf(telegramId)}`)) {
      const job = await Job.fromId<BotEvent>(this.queue, jobIdOf(place));
      if (job && !isOld(job)) continue;
      await this.#redis.zrem(this.#order, place);
      await job?.remove().catch(() => undefined);
    }
    const handled: Job<BotEvent>[] = await this.queue.getCompleted(0, keepHandled.count);
    await Promise.all(handled.filter(isOld).map((job) => job.remove()));
  }

  /** Removes everything. */
  async destroy(): Promise<void> {
    await this.#redis.del(this.#order);
    await this.queue.obliterate({ force: true });
  }

  async close(): Promise<void> {
    await this.queue.close();
  }
}

/** The queues of the bots, opened when they are first asked for. */
export class EventQueues implements Closable {
  readonly #redis: RedisClient;
  readonly #options: Omit<QueueOptions, 'connection'>;
  readonly #opened = new Map<string, EventQueue>();

  constructor(redis: RedisClient, options: Omit<QueueOptions, 'connection'>) {
    this.#redis = redis;
    this.#options = options;
  }

  of(bot: string): EventQueue {
    const queue = this.#opened.get(bot) ?? new EventQueue(this.#redis, bot, this.#options);
    this.#opened.set(bot, queue);
    return queue;
  }

  /** Those of the bots that wish for something. */
  async wanted(): Promise<{ bot: string; events: EventQueue; wishes: readonly Wish[] }[]> {
    return [...(await readWishes(this.#redis))].map(([bot, wishes]) => ({ bot, events: this.of(bot), wishes }));
  }

  async close(): Promise<void> {
    await closeAll([...this.#opened.values()]);
  }
}

const ID_DIGITS = String(Number.MAX_SAFE_INTEGER).length;

/** Where an event stands in the order: text that sorts as the numbers do. */
const placeOf = ({ telegramId, id }: Pick<BotEvent, 'telegramId' | 'id'>) =>
  `${telegramId}:${String(id).padStart(ID_DIGITS, '0')}`;

/** The character after the colon. */
const afterAllOf = (telegramId: number) => `${telegramId};`;

/** The same for the same event, so that BullMQ keeps a second one out. */
const jobIdOf = (place: string) => `event-${Number(place.split(':')[1])}`;
