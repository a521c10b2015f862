import type {
  AccessView,
  BadgeView,
  JsonObject,
  LeaderboardEntry,
  SubscriptionView,
  UserView,
} from '../domain/views.js';
import { QueueUnavailableError } from '../errors.js';
import type { ApiClient, ReadOptions } from './api-client.js';
import type { OperationMethods } from './methods.js';
import { RecordReads } from './record-reads.js';
import type { SessionReads } from './sessions.js';

/** What a bot knows of a user from the update at hand. */
export interface Profile {
  username?: string | null;
  firstName?: string | null;
  lastName?: string | null;
}

/** Which badges; by default all. */
export interface BadgeFilter {
  /** Only those earned in this bot. */
  bot?: string;
  /** Only of this type. */
  type?: string;
}

/** A user with this bot's session and stats. */
export interface UserSession<S, T> {
  user: UserView;
  session: S;
  stats: T;
  /**
   * False when the user is not in Redis, and the API does not answer or none was given: `user` is then as a newcomer
   * starts, so decide nothing by it. Session and stats are right all the same.
   */
  userIsCurrent: boolean;
}

/**
 * The reads of the SDK. Sessions are read from Redis and show what was saved; everything else is read over HTTP and
 * shows what is committed, and `after` says what it must know of.
 */
export abstract class Reads extends RecordReads {
  readonly #sessions: SessionReads;

  constructor(api: ApiClient, sessions: SessionReads) {
    super(api);
    this.#sessions = sessions;
  }

  /**
   * This bot's session and stats of a user, as they were last saved; empty for a stranger. They are in Redis, and the
   * API is asked only for those that were not in use for long. So a bot goes on with them while the database is down.
   *
   * @throws ApiError when they are not in Redis, and the API cannot be asked
   */
  async getSession<S = JsonObject, T = JsonObject>(telegramId: number): Promise<{ session: S; stats: T }> {
    const { session, stats } = await this.#sessions.get(telegramId);
    return { session: session as S, stats: stats as T };
  }

  /**
   * The user with this bot's session and stats, which come as with `getSession()`. The user is as committed: in Redis,
   * too, once asked for, where each commit shows them anew, and asked from the API once a day. With `after` the API is
   * asked in any case. A user nobody knows yet is answered as they will start: no XP, level 1, an empty session. A
   * profile that differs from what is stored is written on the way; while Redis or the API is away, that is left to the
   * next call.
   *
   * @returns also `userIsCurrent`: whether Redis or the API knew the user
   * @throws ApiError when session and stats are not in Redis and the API cannot be asked
   * @throws ValidationError when the profile does not fit
   */
  async getUserSession<S = JsonObject, T = JsonObject>(
    telegramId: number,
    profile: Profile = {},
    options: ReadOptions = {},
  ): Promise<UserSession<S, T>> {
    const { user, session, stats } = await this.#sessions.getWithUser(telegramId, options);
    const known = user ?? newUser(telegramId);
    const userIsCurrent = user !== undefined;
    const differs = ([name, value]: [string, unknown]) => value !== undefined && value !== known[name as keyof Profile];
    const news = Object.entries(profile).filter(differs);
    if (userIsCurrent && (!user || news.length > 0)) {
      const { touchUser } = this as unknown as OperationMethods;
      await touchUser.call(this, telegramId, profile).catch(unlessQueueUnavailable);
    }
    const answered = { ...known, ...Object.fromEntries(news) };
    return { user: answered, session: session as S, stats: stats as T, userIsCurrent };
  }

  /** The user, or null when nobody knows them. @throws ApiError */
  async getUser(telegramId: number, options?: ReadOptions): Promise<UserView | null> {
    return (await this.api.find<UserView>(`/v1/users/${telegramId}`, options)) ?? null;
  }

  /** The badges of a user, oldest first. @throws ApiError */
  async getBadges(telegramId: number, { after, ...filter }: BadgeFilter & ReadOptions = {}): Promise<BadgeView[]> {
    const path = `/v1/users/${telegramId}/badges`;
    return (await this.api.get<{ badges: BadgeView[] }>(path, { after }, filter)).badges;
  }

  /** Whether a user earned a badge, in a bot or in any. @throws ApiError */
  async hasBadge(
    telegramId: number,
    badgeType: string,
    options: { bot?: string } & ReadOptions = {},
  ): Promise<boolean> {
    return (await this.countBadges(telegramId, { ...options, type: badgeType })) > 0;
  }

  /** How many badges a user has. @throws ApiError */
  async countBadges(telegramId: number, { after, ...filter }: BadgeFilter & ReadOptions = {}): Promise<number> {
    const path = `/v1/users/${telegramId}/badges/count`;
    return (await this.api.get<{ count: number }>(path, { after }, filter)).count;
  }

  /** Whether `consumeAccess` would let the user in now, and by what. @throws ApiError */
  async checkAccess(telegramId: number, options?: ReadOptions): Promise<AccessView> {
    return this.api.get<AccessView>(`/v1/users/${telegramId}/access`, options);
  }

  /** The running time-based subscription, else the active credits, else null. @throws ApiError */
  async getActiveSubscription(telegramId: number, options?: ReadOptions): Promise<SubscriptionView | null> {
    const path = `/v1/users/${telegramId}/subscription`;
    return (await this.api.get<{ subscription: SubscriptionView | null }>(path, options)).subscription;
  }

  /**
   * Users by XP, ties by who was there first.
   *
   * @param options.limit most users, 1 to 100
   * @throws ApiError
   */
  async getLeaderboard({
    limit = 10,
    offset = 0,
    after,
  }: { limit?: number; offset?: number } & ReadOptions = {}): Promise<LeaderboardEntry[]> {
    return (await this.api.get<{ users: LeaderboardEntry[] }>('/v1/leaderboard', { after }, { limit, offset })).users;
  }

  /** The user's place on the leaderboard, from 1, or null when nobody knows them. @throws ApiError */
  async getRank(telegramId: number, options?: ReadOptions): Promise<number | null> {
    return (await this.api.get<{ rank: number | null }>(`/v1/users/${telegramId}/rank`, options)).rank;
  }

  /** How many users there are. @throws ApiError */
  async countUsers(options?: ReadOptions): Promise<number> {
    return (await this.api.get<{ count: number }>('/v1/users/count', options)).count;
  }
}

function unlessQueueUnavailable(error: unknown): void {
  if (!(error instanceof QueueUnavailableError)) throw error;
}

function newUser(telegramId: number): UserView {
  const now = new Date().toISOString();
  return {
    telegramId,
    username: null,
    firstName: null,
    lastName: null,
    registrationDate: now,
    lastActivity: now,
    totalXp: 0,
    level: 1,
    totalTrainings: 0,
    totalScore: 0,
  };
}
