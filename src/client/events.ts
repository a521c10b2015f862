import { DelayedError, type Job, Worker } from 'bullmq';
import { type BotEvent, type EventType, eventTypes, fulfils, type Wish } from '../domain/events.js';
import { ValidationError } from '../errors.js';
import { addWish, EventQueue, keepHandled, readWishes, removeWish } from '../event-queue.js';
import { closeAll } from '../lifecycle.js';
import { failFast } from '../queue.js';
import { endRedis, openWorkerRedis, type RedisClient } from '../redis.js';

/** Events of one type, or of every type. */
export type EventName = EventType | '*';

/** What a handler of that type is given. */
export type EventOf<N extends EventName> = BotEvent<N extends EventType ? N : EventType>;

/** Handles an event; when it throws or rejects, the event comes again. */
export type EventHandler<N extends EventName> = (event: EventOf<N>) => unknown;

/** Which events of a type are meant. */
export interface EventOptions {
  /**
   * `own`: those that happened in this bot, the default; `all`: those of every bot. Subscriptions belong to all bots, so
   * their events come either way.
   */
  from?: 'own' | 'all';
}

interface Listener extends Wish {
  handler: EventHandler<'*'>;
}

/** Events that a process handles at once, each of another user. */
const CONCURRENCY = 10;

/** After this long without a sign of life from its process, an event goes to another. */
const STALLED_AFTER_MS = 10_000;

/** Handlers may be run again, so a crash of the process is never the event's fault. */
const MANY_STALLS = 1_000_000;

/** BullMQ's pause after it has lost Redis, and how long it listens at a time: without Redis, so long a process stays open. */
const AFTER_FAILURE_MS = 1_000;
const LISTEN_SECONDS = 2;

/** Who ends an event wakes the next one; this is for when it died in between. */
const LOOK_AGAIN_MS = 15_000;

/** Takes a bot's events off its queue and hands them to its handlers. Connects on first use. */
export class EventConsumer {
  readonly #bot: string;
  readonly #redisUrl: string;
  readonly #listeners: Listener[] = [];
  readonly #handling = new Set<Promise<void>>();
  readonly #clearing = new Set<Promise<void>>();
  readonly #closing: Promise<void>;
  #closed = false;
  #noteClosing: () => void = () => undefined;
  #connection: { redis: RedisClient; events: EventQueue } | undefined;
  #worker: Worker<BotEvent> | undefined;

  constructor(bot: string, redisUrl: string) {
    this.#bot = bot;
    this.#redisUrl = redisUrl;
    this.#closing = new Promise((resolve) => {
      this.#noteClosing = resolve;
    });
  }

  /**
   * Adds a handler, and notes in Redis for good that the bot wishes for these events.
   *
   * @returns when Redis holds the wish, or the ledger is closed
   * @throws ValidationError for a type that there is none of
   */
  on<N extends EventName>(type: N, handler: EventHandler<N>, { from = 'own' }: EventOptions = {}): Promise<void> {
    checkType(type);
    this.#listeners.push({ type, from, handler: handler as EventHandler<'*'> });
    const { redis } = this.#connect();
    return this.#unlessClosed(addWish(redis, this.#bot, { type, from }).then(() => this.#start()));
  }

  /**
   * Takes a wish back, or all of them, and with the last one everything that waits.
   *
   * @returns when it is done, or the ledger is closed
   */
  off(type?: EventName): Promise<void> {
    if (type !== undefined) checkType(type);
    const left = this.#listeners.filter((listener) => type !== undefined && listener.type !== type);
    this.#listeners.splice(0, this.#listeners.length, ...left);
    const { redis, events } = this.#connect();
    const work = async () => {
      if (!(await removeWish(redis, this.#bot, type))) await events.destroy();
    };
    return this.#unlessClosed(work());
  }

  #connect(): { redis: RedisClient; events: EventQueue } {
    if (!this.#connection) {
      if (this.#closed) throw new Error('this ledger is closed: make a new one to hear of events');
      const redis = openWorkerRedis(this.#redisUrl);
      this.#connection = { redis, events: new EventQueue(redis, this.#bot, failFast) };
    }
    return this.#connection;
  }

  /** Nobody may be there to hear of an error: what waits for Redis ends when this is closed. */
  #unlessClosed(work: Promise<void>): Promise<void> {
    const unless = work.catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
    return Promise.race([unless, this.#closing]);
  }

  /** Only now, because a BullMQ worker that never reached Redis cannot be closed. */
  #start(): void {
    if (this.#worker || this.#closed) return;
    const { redis, events } = this.#connect();
    const worker = new Worker<BotEvent>(events.queue.name, (job, token) => this.#process(job, token), {
      connection: redis,
      concurrency: CONCURRENCY,
      lockDuration: STALLED_AFTER_MS,
      stalledInterval: STALLED_AFTER_MS,
      maxStalledCount: MANY_STALLS,
      runRetryDelay: AFTER_FAILURE_MS,
      drainDelay: LISTEN_SECONDS,
      removeOnComplete: keepHandled,
    });
    worker.on('error', () => undefined);
    worker.on('completed', (job) => note(this.#clearing, this.#clear(job, 'completed')));
    worker.on('failed', (job) => job && note(this.#clearing, this.#clear(job, 'failed')));
    this.#worker = worker;
  }

  async #process(job: Job<BotEvent>, token: string | undefined): Promise<void> {
    const { events } = this.#connect();
    const event = job.data;
    const turn = await events.turnOf(event);
    if (turn === 'never') return;
    if (turn === 'now') {
      const handled = this.#handle(event);
      note(this.#handling, handled);
      return handled;
    }
    await job.moveToDelayed(Date.now() + LOOK_AGAIN_MS, token);
    // The one before may have ended just now, and have found nobody to wake.
    if ((await events.turnOf(event)) !== 'later') await events.wake(job.id as string);
    throw new DelayedError();
  }

  async #handle(event: BotEvent): Promise<void> {
    const meant = this.#listeners.filter((listener) => fulfils(event, this.#bot, listener));
    if (meant.length === 0) await this.#refuse(event);
    for (const { handler } of meant) await handler(event);
  }

  /** An event that the bot still wishes for must not be lost because this process has no handler for it. */
  async #refuse(event: BotEvent): Promise<void> {
    const wishes = (await readWishes(this.#connect().redis)).get(this.#bot) ?? [];
    if (!wishes.some((wish) => fulfils(event, this.#bot, wish))) return;
    throw new Error(
      `no handler for ${event.type} in ${event.bot ?? 'any bot'}: add it with onEvent() in every process of the bot, or take the wish back with offEvent()`,
    );
  }

  /** What is left to do once an attempt has ended. */
  async #clear(job: Job<BotEvent>, end: 'completed' | 'failed'): Promise<void> {
    const { events } = this.#connect();
    const hadPlace = end === 'completed' ? await events.leave(job.data) : (await events.turnOf(job.data)) !== 'never';
    // Its user was deleted meanwhile.
    if (!hadPlace) await job.remove();
    await events.wakeNext(job.data);
  }

  /** Takes no more events, and waits for the handlers that run. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#noteClosing();
    if (!this.#connection) return;
    const { redis, events } = this.#connection;
    // Without Redis nothing can be handed back, and to wait for it takes for ever: another process gets what was taken.
    const lost =
      redis.status === 'ready' ? new Promise<void>((resolve) => redis.once('close', resolve)) : Promise.resolve();
    const finished = async () => {
      await this.#worker?.pause();
      await Promise.all(this.#clearing);
      return false;
    };
    const force = await Promise.race([finished(), lost.then(() => true)]);
    await Promise.all(this.#handling);
    const closeWorker = async () => this.#worker?.close(force);
    await closeAll([{ close: async () => endRedis(redis) }, events, { close: closeWorker }]);
  }
}

/** Remembers what has to end before this is closed; whether it fails is seen elsewhere. */
function note(running: Set<Promise<void>>, work: Promise<void>): void {
  const ended = work.catch(() => undefined).finally(() => running.delete(ended));
  running.add(ended);
}

function checkType(type: string): void {
  if (type === '*' || (eventTypes as string[]).includes(type)) return;
  throw new ValidationError([`type: unknown event ${JSON.stringify(type)}, known are ${eventTypes.join(', ')} and *`]);
}
