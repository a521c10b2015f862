import type { EventPayload } from './events.js';
import type { Rows, SubscriptionRow, SubscriptionType, UserRow } from './rows.js';
import { addDays, daysBetween, later } from './time.js';

/** What a subscription is granted for. */
export interface Grant {
  type: SubscriptionType;
  /** Days of 24 hours; by default 30 for MONTH and 365 for YEAR. */
  durationDays?: number | undefined;
  /**
   * The end; for time-based ones only. What prolongs a running one adds the whole days up to then, at most its
   * duration: renewals before the end, as providers make them, neither gain nor lose time.
   */
  until?: Date | undefined;
  /** Credits to add; for CREDITS only. */
  credits: number;
  /** By default as it is with the running one that this prolongs. */
  autoRenew?: boolean | undefined;
}

const DEFAULT_DAYS = { MONTH: 30, YEAR: 365 };

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Starts a subscription at `at`. One of the same kind (time-based or CREDITS) that is still active ends here and
 * hands on what was left of it, so that nothing paid for is lost (DESIGN.md, invariant 9).
 */
export function grantSubscription(rows: Rows, user: UserRow, at: Date, grant: Grant): SubscriptionRow {
  const current = rows
    .list('subscriptions', user)
    .find((candidate) => candidate.isActive && isCredits(candidate) === (grant.type === 'CREDITS'));
  if (current) current.isActive = false;
  const isRunning = current !== undefined && (current.endDate === null || current.endDate > at);

  const common = {
    userId: user.id,
    subscriptionType: grant.type,
    startDate: at,
    isActive: true,
    autoRenew: grant.autoRenew ?? (isRunning && current.autoRenew),
  };
  if (grant.type === 'CREDITS') {
    const credits = grant.credits + (current?.creditsLeft ?? 0);
    const granted = { granted: grant.credits, creditsTotal: credits, creditsLeft: credits };
    return rows.add('subscriptions', { ...common, ...granted, endDate: null });
  }
  const { until, durationDays = DEFAULT_DAYS[grant.type] } = grant;
  const days = until ? Math.max(0, daysBetween(at, until)) : durationDays;
  const granted = isRunning ? Math.min(Math.round(days), durationDays) : Math.ceil(days);
  const endDate = until && !isRunning ? until : addDays(later(at, current?.endDate ?? at), granted);
  const isActive = endDate > at;
  return rows.add('subscriptions', { ...common, granted, endDate, isActive, creditsTotal: null, creditsLeft: null });
}

/**
 * Takes back what one grant gave and was not used yet, and only that. Grants are used up in the order in which they
 * were given, so what is left belongs to the latest of them first.
 *
 * @param granted the row that the grant made
 * @param at the moment of taking back
 */
export function takeBackGrant(rows: Rows, user: UserRow, granted: SubscriptionRow, at: Date): void {
  const all = rows.list('subscriptions', user).filter((row) => isCredits(row) === isCredits(granted));
  const current = all.find(({ isActive }) => isActive);
  const since = all.slice(all.indexOf(granted) + 1).reduce((sum, row) => sum + row.granted, 0);
  if (current?.endDate) {
    const unused = unusedOf(granted.granted * DAY_MS, current.endDate.getTime() - at.getTime(), since * DAY_MS);
    current.endDate = new Date(current.endDate.getTime() - unused);
    current.isActive = current.endDate > at;
  } else if (current) {
    const unused = unusedOf(granted.granted, current.creditsLeft ?? 0, since);
    current.creditsLeft = (current.creditsLeft ?? 0) - unused;
    current.creditsTotal = (current.creditsTotal ?? 0) - unused;
    current.isActive = current.creditsLeft > 0;
  }
  granted.granted = 0;
}

/** What the bots are told of a subscription that ends. */
export function endOf({
  id,
  subscriptionType,
  endDate,
  autoRenew,
}: Pick<SubscriptionRow, 'id' | 'subscriptionType' | 'endDate' | 'autoRenew'>): EventPayload<'subscription.expired'> {
  return { subscriptionId: id, subscriptionType, endDate: endDate?.toISOString() ?? null, autoRenew };
}

const isCredits = ({ subscriptionType }: SubscriptionRow) => subscriptionType === 'CREDITS';

/** How much of a grant is unused, when so much is left in all, and so much was granted after it. */
const unusedOf = (granted: number, left: number, since: number) => Math.min(Math.max(left - since, 0), granted);
