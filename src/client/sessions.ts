import { once } from 'node:events';
import type { JsonObject, SessionView } from '../domain/views.js';
import { ApiError, ValidationError } from '../errors.js';
import type { HotSessions, NotedSession } from '../hot/sessions.js';
import { telegramId as telegramIdSchema } from '../operations/fields.js';
import type { RedisClient } from '../redis.js';
import type { ApiClient, ApiReadOptions, ReadOptions } from './api-client.js';

/** What is read of a user in a bot. */
export interface ReadSession {
  readonly session: JsonObject;
  readonly stats: JsonObject;
  /** As the database has them; null for a stranger, undefined when nobody was asked, or the API did not answer. */
  readonly user: SessionView['user'] | undefined;
}

/** Redis answers a read in less than a millisecond; after this long the API is asked instead. */
const HOT_READ_TIMEOUT_MS = 900;

/** How long a bot that has its session waits for what is only nice to have. */
const USER_TIMEOUT_MS = 1_000;

const NOTHING: NotedSession = { session: undefined, stats: undefined, user: undefined, units: new Map() };

/** Reads a bot's sessions: from Redis, and what Redis does not know, from the API. */
export class SessionReads {
  readonly #bot: string;
  readonly #redis: RedisClient;
  readonly #hot: HotSessions;
  readonly #api: ApiClient;

  constructor(bot: string, redis: RedisClient, hot: HotSessions, api: ApiClient) {
    this.#bot = bot;
    this.#redis = redis;
    this.#hot = hot;
    this.#api = api;
  }

  /** @throws ApiError when Redis does not know both parts, and the API does not answer */
  async get(telegramId: number): Promise<ReadSession> {
    const hot = await this.note(telegramId);
    return readBoth(hot) ?? this.#ask(telegramId, {});
  }

  /**
   * As `get`, together with the user.
   *
   * @throws ApiError as `get`
   */
  async getWithUser(telegramId: number, options: ReadOptions): Promise<ReadSession> {
    const hot = await this.note(telegramId);
    const both = readBoth(hot);
    if (both && hot.user !== undefined && options.after === undefined) return { ...both, user: JSON.parse(hot.user) };
    // Before the API is asked: what is committed after its answer finds the user watched.
    const lease = hot === NOTHING ? undefined : await this.#lease(telegramId);
    if (!both) return this.#ask(telegramId, options, lease);
    const asked = await this.#ask(telegramId, { ...options, timeoutMs: USER_TIMEOUT_MS }, lease).catch(unlessAway);
    return asked ?? both;
  }

  /**
   * The session alone, and which units wrote it last.
   *
   * @throws ApiError when Redis does not know the session, and the API does not answer
   */
  async getNoted(telegramId: number): Promise<{ session: JsonObject; units: NotedSession['units'] }> {
    const { session, units } = await this.note(telegramId);
    return { session: session === undefined ? (await this.#ask(telegramId, {})).session : JSON.parse(session), units };
  }

  /** What Redis knows; nothing while it is away. */
  async note(telegramId: number): Promise<NotedSession> {
    const id = telegramIdSchema.safeParse(telegramId);
    if (!id.success) throw new ValidationError(['telegramId: expected a whole number, the id of a user']);
    return this.#inTime(() => this.#hot.read(this.#bot, telegramId)).catch(() => NOTHING);
  }

  /** Undefined while Redis is away. */
  #lease(telegramId: number): Promise<string | undefined> {
    return this.#inTime(() => this.#hot.leaseUser(telegramId)).catch(() => undefined);
  }

  /** Asks the API, and warms Redis; the user, too, when there is a lease for that. */
  async #ask(telegramId: number, options: ApiReadOptions, lease?: string): Promise<ReadSession> {
    const path = `/v1/bots/:bot/users/${telegramId}/session`;
    const view = await this.#api.get<SessionView>(path, { ...options, fresh: lease !== undefined });
    const hot = await this.#inTime(() => this.#hot.warm(this.#bot, telegramId, view, lease)).catch(() => NOTHING);
    const knowsNoMore = lease === undefined || options.after !== undefined || hot.user === undefined;
    return {
      session: hot.session === undefined ? view.session : JSON.parse(hot.session),
      stats: hot.stats === undefined ? view.stats : JSON.parse(hot.stats),
      user: knowsNoMore ? view.user : JSON.parse(hot.user as string),
    };
  }

  /** Waits for the first connection only: a Redis that is lost answers nothing soon. */
  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(HOT_READ_TIMEOUT_MS);
    if (['wait', 'connecting', 'connect'].includes(this.#redis.status)) await once(this.#redis, 'ready', { signal });
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      work().then(resolve, reject);
    });
  }
}

function readBoth({ session, stats }: NotedSession): ReadSession | undefined {
  if (session === undefined || stats === undefined) return undefined;
  return { session: JSON.parse(session), stats: JSON.parse(stats), user: undefined };
}

/** A token that is wrong, or an address that leads elsewhere, is a mistake; it does not go away. */
function unlessAway(error: unknown): undefined {
  if (error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.status === 429))
    return undefined;
  throw error;
}
