import type { AccessType } from './access.js';
import type { FreeTrainingSource, SubscriptionType } from './rows.js';

/**
 * What reads answer, over HTTP and in the SDK: plain JSON. Dates are ISO 8601 text in UTC. Repositories produce these,
 * the SDK's reads return them.
 */

export type JsonObject = Record<string, unknown>;

export interface UserView {
  telegramId: number;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  registrationDate: string;
  lastActivity: string;
  totalXp: number;
  level: number;
  totalTrainings: number;
  totalScore: number;
}

/** A bot's session of a user; `user` is null when nobody knows them yet. */
export interface SessionView {
  user: UserView | null;
  session: JsonObject;
  stats: JsonObject;
}

export interface BadgeView {
  badgeType: string;
  earnedInBot: string;
  earnedAt: string;
  metadata: JsonObject | null;
}

export interface SubscriptionView {
  id: number;
  type: SubscriptionType;
  startDate: string;
  endDate: string | null;
  isActive: boolean;
  autoRenew: boolean;
  creditsTotal: number | null;
  creditsLeft: number | null;
}

/** Whether a user may train now, and by what (SEED.md, check_access). */
export interface AccessView {
  hasAccess: boolean;
  accessType: AccessType | null;
  /** What is left: the subscription's type and end, or the number of credits or free trainings. */
  details: {
    subscriptionType?: SubscriptionType;
    endDate?: string;
    creditsLeft?: number;
    trainingsLeft?: number;
    source?: FreeTrainingSource;
  };
}

/** A user with their place, from 1. */
export interface LeaderboardEntry extends UserView {
  rank: number;
}
