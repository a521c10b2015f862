import type { SessionView, UserView } from '../domain/views.js';
import { freshKey } from '../fresh-key.js';
import type { SessionImage } from '../operations/operation.js';
import type { RedisClient } from '../redis.js';
import { FORGET, LEASE, OUTDATE, PUT, SETTLE, SHOW, WARM, WATCH } from './scripts.js';

/** How long a session stays in Redis after its last commit, unless SESSION_TTL_SECONDS says otherwise: a day. */
export const DEFAULT_SESSION_TTL_SECONDS = 86_400;

/** The least and the most of it: from a minute to a year. */
export const SESSION_TTL_BOUNDS = [60, 31_536_000] as const;

/** Who writes, in which bot. */
interface Writer {
  readonly bot: string;
  readonly telegramId: number;
  /** The key of the unit: by it a version is known again. */
  readonly key: string;
  /** When the bot made the unit. */
  readonly at: Date;
}

/** Where the job of a unit is found again. */
export interface JobAddress {
  readonly queue: string;
  readonly job: string;
  /** The unit's place in the job. */
  readonly index: number;
}

/** What a unit writes into the hot sessions. */
export interface HotWrite extends Writer {
  readonly image: SessionImage;
  /** Whether a unit of this key may come again: then its job is noted, and the second one changes nothing here. */
  readonly keyed: boolean;
}

/** What became of a part: `counted` is known to the database alone, `refused` is not there. */
export type Settled = 'stored' | 'counted' | 'refused' | '';

/** A part is undefined when only the database knows it. Values are JSON. */
export interface HotSession {
  readonly session: string | undefined;
  readonly stats: string | undefined;
  /** As the database has them; JSON of null for a stranger. */
  readonly user: string | undefined;
}

/** A hot session with the units that wrote it, the latest of those with keys, and where their jobs are. */
export interface NotedSession extends HotSession {
  readonly units: ReadonlyMap<string, JobAddress>;
}

/** How many keyed units are remembered per user and bot. Redelivered updates are among the latest. */
const KEYS_NOTED = 32;

/** A version without content only has to wait for a put that was overtaken by the commit; a send takes a second. */
const LATE_PUT_SECONDS = 60;

/** The users whom commits keep as the database has them, by the time at which they were last asked for. */
const WATCHED = 'botledger:hot-users';

/** A user is shown for a day, and then asked for anew: whatever went wrong between Redis and the workers, it ends. */
const LEASE_MS = 86_400_000;

/** Nobody is shown any more who is not watched any more, also by a clock that is hours wrong. */
const WATCH_MS = 2 * LEASE_MS;

type Script = (hash: string, ...values: (string | number)[]) => Promise<unknown>;

const scripts = {
  hotPut: PUT,
  hotSettle: SETTLE,
  hotWarm: WARM,
  hotForget: FORGET,
  hotWatch: WATCH,
  hotLease: LEASE,
  hotOutdate: OUTDATE,
  hotShow: SHOW,
};
type Scripts = Record<keyof typeof scripts, Script>;

/**
 * Sessions as the bots left them, in Redis: one hash per user, with all bots in it, so that a deletion finds them all.
 * Each part has the time of its write, and a newer one is never replaced by an older. What is not committed yet does
 * not expire.
 *
 * Beside them is the user, for those who ask for both: not as the bots foresee it, but as the database has it. Whoever
 * asks the database for it needs a lease, and each commit of the user takes that away: what was read before the commit
 * cannot be put after it, in whichever order readers and workers come.
 */
export class HotSessions {
  readonly #redis: RedisClient;
  readonly #scripts: Scripts;
  readonly #ttlSeconds: number;
  #watching = false;

  constructor(redis: RedisClient, ttlSeconds = DEFAULT_SESSION_TTL_SECONDS) {
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { numberOfKeys: 1, lua });
    this.#redis = redis;
    this.#scripts = redis as unknown as Scripts;
    this.#ttlSeconds = ttlSeconds;
  }

  /** What Redis knows of a user and of their session in a bot. One command. */
  async read(bot: string, telegramId: number): Promise<NotedSession> {
    const versions = [`session@${bot}`, `stats@${bot}`, 'deleted'];
    const fields = [`session:${bot}`, `stats:${bot}`, ...versions, `keys:${bot}`, 'user', 'user@'];
    const [session, stats, sessionVersion, statsVersion, deleted, keys, user, lease] = await this.#redis.hmget(
      hashOf(telegramId),
      ...fields,
    );
    // Nothing was written since the deletion, so there is nothing to ask the database for.
    const unwritten = deleted ? '{}' : undefined;
    return {
      session: session ?? (sessionVersion ? undefined : unwritten),
      stats: stats ?? (statsVersion ? undefined : unwritten),
      user: user && lease && counts(lease) ? user : undefined,
      units: jobsOf(keys ?? ''),
    };
  }

  /** Puts what a unit writes, as far as it is not older than what is there. */
  async put({ bot, telegramId, key, at, image, keyed }: HotWrite, { queue, job, index }: JobAddress): Promise<void> {
    const line = keyed ? `${key} ${queue} ${job} ${index}` : '';
    const [session, stats] = [image.session, image.stats].map((part) => (part ? JSON.stringify(part) : ''));
    await this.#run('hotPut', telegramId, bot, key, at.getTime(), line, session as string, stats as string, KEYS_NOTED);
  }

  /** Says what became of a unit's write. From then on it may expire, and what was refused is gone. */
  async settle({ bot, telegramId, key, at }: Writer, session: Settled, stats: Settled): Promise<void> {
    const bounds = [LATE_PUT_SECONDS, KEYS_NOTED];
    await this.#run('hotSettle', telegramId, bot, key, at.getTime(), session, stats, ...bounds);
  }

  /**
   * Puts what the database holds, where Redis knows nothing.
   *
   * @param lease had from `leaseUser` before the database was asked; without it the user is left alone
   * @returns everything as it is then: Redis may know something newer by now
   */
  async warm(bot: string, telegramId: number, held: SessionView, lease = ''): Promise<HotSession> {
    const { session, stats, sessionAt, statsAt, user } = held;
    const values = [timeOf(sessionAt), JSON.stringify(session), timeOf(statsAt), JSON.stringify(stats)];
    const answer = await this.#run('hotWarm', telegramId, bot, ...values, lease, JSON.stringify(user));
    const [hotSession, hotStats, hotUser] = answer as (string | null)[];
    return { session: hotSession ?? undefined, stats: hotStats ?? undefined, user: hotUser ?? undefined };
  }

  /**
   * Has a user watched: from now on the workers show here what they commit of them.
   *
   * @returns the lease with which the user may be put who is read from the database after this
   */
  async leaseUser(telegramId: number): Promise<string> {
    const [lease] = await Promise.all([
      this.#run('hotLease', telegramId, freshKey(), LEASE_MS),
      this.#scripts.hotWatch(WATCHED, telegramId),
    ]);
    return lease as string;
  }

  /** Which of these users are watched. One command; a short one while nobody is. */
  async watched(telegramIds: readonly number[]): Promise<number[]> {
    // What the last answer was decides about the next question, and about nothing else.
    this.#watching ||= (await this.#redis.exists(WATCHED)) === 1;
    if (!this.#watching) return [];
    const scores = (await this.#redis.zmscore(WATCHED, telegramIds as number[])) as (string | null)[];
    const watched = telegramIds.filter((_, index) => scores[index] !== null);
    this.#watching = watched.length > 0;
    return watched;
  }

  /** Ends the watch of users whom nobody has asked for in a long time. */
  async unwatch(): Promise<void> {
    await this.#redis.zremrangebyscore(WATCHED, 0, Date.now() - WATCH_MS);
  }

  /**
   * Takes a user away whom a commit has changed, and the leases of all who asked for them before.
   *
   * @returns a lease to put them as they are now; undefined when nobody is waiting for them
   */
  async outdateUser(telegramId: number): Promise<string | undefined> {
    return ((await this.#run('hotOutdate', telegramId, freshKey())) as string | null) ?? undefined;
  }

  /** Puts a user who was read from the database after the lease was had; null for a stranger. */
  async showUser(telegramId: number, lease: string, user: UserView | null): Promise<void> {
    await this.#run('hotShow', telegramId, lease, JSON.stringify(user));
  }

  /**
   * Removes the user, and what every bot wrote of them up to a deletion, which stays as a tombstone: what was made
   * before it and comes later is not put.
   *
   * @param committed whether the database has the deletion already
   */
  async forget(telegramId: number, key: string, at: Date, committed: boolean): Promise<void> {
    await this.#run('hotForget', telegramId, key, at.getTime(), committed ? '+' : '-');
  }

  #run(script: keyof Scripts, telegramId: number, ...values: (string | number)[]): Promise<unknown> {
    return this.#scripts[script](hashOf(telegramId), this.#ttlSeconds, ...values);
  }
}

const hashOf = (telegramId: number) => `botledger:sessions:${telegramId}`;

/** A lease begins with its time. */
const counts = (lease: string) => Math.abs(Date.now() - Number.parseInt(lease, 10)) < LEASE_MS;

const timeOf = (moment: string | null) => (moment === null ? 0 : Date.parse(moment));

function jobsOf(lines: string): Map<string, JobAddress> {
  const units = new Map<string, JobAddress>();
  for (const line of lines.split('\n')) {
    const [key, queue, job, index] = line.split(' ');
    if (key && queue && job) units.set(key, { queue, job, index: Number(index) });
  }
  return units;
}
