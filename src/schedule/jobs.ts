import type { Config } from '../config.js';
import type { Database } from '../database.js';
import { expireSubscriptions } from './expire-subscriptions.js';
import { pruneLedger } from './prune-ledger.js';
import { pruneOutbox } from './prune-outbox.js';
import { refreshRanks } from './refresh-ranks.js';
import { remindExpiring } from './remind-expiring.js';

/** What scheduled jobs work with. */
export interface JobDependencies {
  config: Pick<Config, 'ledgerRetentionDays' | 'outboxRetentionDays' | 'remindDays'>;
  database: Database;
  /** Says that the process is closing: finish the chunk at hand. */
  signal: AbortSignal;
}

/** A job that runs by the clock. */
export interface ScheduledJob {
  /** Its permanent name; Redis keeps the schedule under it. */
  name: string;
  /** When it runs, as cron writes it, in UTC; with six fields the first is the second. */
  pattern: string;
  /** Does what is due now. What it returns is seen in Bull Board. */
  runOnce(dependencies: JobDependencies): Promise<object>;
}

/** Every scheduled job. */
export const scheduledJobs: readonly ScheduledJob[] = [
  { name: 'expireSubscriptions', pattern: '* * * * *', runOnce: (dependencies) => expireSubscriptions(dependencies) },
  { name: 'remindExpiring', pattern: '*/5 * * * *', runOnce: (dependencies) => remindExpiring(dependencies) },
  // At an hour when few people train, and not on the hour, when everybody's jobs run.
  { name: 'pruneLedger', pattern: '17 3 * * *', runOnce: (dependencies) => pruneLedger(dependencies) },
  { name: 'pruneOutbox', pattern: '37 3 * * *', runOnce: (dependencies) => pruneOutbox(dependencies) },
  { name: 'refreshRanks', pattern: '30 * * * * *', runOnce: (dependencies) => refreshRanks(dependencies) },
];
