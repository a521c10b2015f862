import type { Database } from '../database.js';
import { BadgeRepository } from './badge.js';
import { LedgerRepository } from './ledger.js';
import { SessionRepository } from './session.js';
import { SubscriptionRepository } from './subscription.js';
import { UserRepository } from './user.js';

/** Every read of the database. What they return is plain data, ready for JSON, the same on each database. */
export type Repositories = ReturnType<typeof openRepositories>;

/** The repositories of a database. */
export function openRepositories(database: Database) {
  return {
    users: new UserRepository(database),
    badges: new BadgeRepository(database),
    sessions: new SessionRepository(database),
    subscriptions: new SubscriptionRepository(database),
    ledger: new LedgerRepository(database),
  };
}
