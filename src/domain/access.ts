import type { FreeTrainingRow, SubscriptionRow } from './rows.js';

/** What opened the door, in the order in which they are tried. */
export type AccessType = 'subscription' | 'credits' | 'free_trainings';

/** Where a user's next access comes from. */
export type Access =
  | { accessType: 'subscription'; from: SubscriptionRow }
  | { accessType: 'credits'; from: SubscriptionRow }
  | { accessType: 'free_trainings'; from: FreeTrainingRow };

/**
 * The first source of access that holds: a time-based subscription not past its end, then credits, then the
 * oldest free trainings (DESIGN.md, `consumeAccess`).
 *
 * @param subscriptions the user's active subscriptions
 * @param freeTrainings the user's free trainings, oldest first
 * @param at the moment asked about
 * @returns the source, or undefined when the user has none
 */
export function findAccess(
  subscriptions: readonly SubscriptionRow[],
  freeTrainings: readonly FreeTrainingRow[],
  at: Date,
): Access | undefined {
  const running = subscriptions.find((subscription) => isRunning(subscription, at));
  if (running) return { accessType: 'subscription', from: running };

  const credits = subscriptions.find(({ isActive, creditsLeft }) => isActive && (creditsLeft ?? 0) > 0);
  if (credits) return { accessType: 'credits', from: credits };

  const free = freeTrainings.find(({ trainingsLeft }) => trainingsLeft > 0);
  return free && { accessType: 'free_trainings', from: free };
}

/** Whether a time-based subscription gives access at a moment. */
export function isRunning({ isActive, endDate }: SubscriptionRow, at: Date): boolean {
  return isActive && endDate !== null && endDate > at;
}
