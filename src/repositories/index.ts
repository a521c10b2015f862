import type { Database } from '../database.js';
import { BadgeRepository } from './badge.js';
import { ExportRepository } from './export.js';
import { LedgerRepository } from './ledger.js';
import { PaymentRepository } from './payment.js';
import { PromocodeRepository } from './promocode.js';
import { SessionRepository } from './session.js';
import { SubscriptionRepository } from './subscription.js';
import { TrainingRepository } from './training.js';
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
    payments: new PaymentRepository(database),
    promocodes: new PromocodeRepository(database),
    trainings: new TrainingRepository(database),
    ledger: new LedgerRepository(database),
    exports: new ExportRepository(database),
  };
}
