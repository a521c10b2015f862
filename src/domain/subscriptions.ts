import type { Rows, SubscriptionRow, SubscriptionType, UserRow } from './rows.js';
import { addDays, later } from './time.js';

/** What a subscription is granted for. */
export interface Grant {
  type: SubscriptionType;
  /** Days of 24 hours; by default 30 for MONTH and 365 for YEAR. */
  durationDays?: number | undefined;
  /** Credits to add; for CREDITS only. */
  credits: number;
  autoRenew: boolean;
}

const DEFAULT_DAYS = { MONTH: 30, YEAR: 365 };

/**
 * Starts a subscription at `at`. One of the same kind (time-based or CREDITS) that is still active ends here and
 * hands on what was left of it, so that nothing paid for is lost (DESIGN.md, invariant 9).
 */
export function grantSubscription(rows: Rows, user: UserRow, at: Date, grant: Grant): SubscriptionRow {
  const current = rows
    .list('subscriptions', user)
    .find(({ isActive, endDate }) => isActive && (endDate === null) === (grant.type === 'CREDITS'));
  if (current) current.isActive = false;

  const common = {
    userId: user.id,
    subscriptionType: grant.type,
    startDate: at,
    isActive: true,
    autoRenew: grant.autoRenew,
  };
  if (grant.type === 'CREDITS') {
    const credits = grant.credits + (current?.creditsLeft ?? 0);
    return rows.add('subscriptions', { ...common, endDate: null, creditsTotal: credits, creditsLeft: credits });
  }
  const from = later(at, current?.endDate ?? at);
  const endDate = addDays(from, grant.durationDays ?? DEFAULT_DAYS[grant.type]);
  return rows.add('subscriptions', { ...common, endDate, creditsTotal: null, creditsLeft: null });
}
