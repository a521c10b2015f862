import { grantFreeTrainings } from './free-trainings.js';
import type { PromocodeRow, PromocodeType, Rows, UserRow } from './rows.js';
import { grantSubscription } from './subscriptions.js';

/** Why a code is not redeemed. */
export type Refusal = 'not_found' | 'expired' | 'exhausted' | 'already_used';

const DAYS_PER_MONTH = 30;

/** Why this user cannot redeem this code now, if so. A user who has it already is told that before anything else. */
export function refusalOf(rows: Rows, user: UserRow, code: PromocodeRow | undefined, at: Date): Refusal | undefined {
  if (!code) return 'not_found';
  if (rows.list('promocodeUsage', user).some(({ promocodeId }) => promocodeId === code.id)) return 'already_used';
  if (code.expiresAt && code.expiresAt <= at) return 'expired';
  if (code.maxUses !== null && code.currentUses >= code.maxUses) return 'exhausted';
  return undefined;
}

/**
 * Counts the use and grants what the code promises.
 *
 * @returns what was granted: trainings, months or credits
 */
export function redeem(
  rows: Rows,
  user: UserRow,
  code: PromocodeRow,
  at: Date,
): { type: PromocodeType; value: number } {
  code.currentUses += 1;
  rows.add('promocodeUsage', { userId: user.id, promocodeId: code.id, usedAt: at });
  const { type, value } = code;
  switch (type) {
    case 'TRAININGS':
      grantFreeTrainings(rows, user, 'PROMOCODE', value, at);
      break;
    case 'FREE_MONTH': {
      const durationDays = DAYS_PER_MONTH * value;
      grantSubscription(rows, user, at, { type: 'MONTH', durationDays, credits: 0 });
      break;
    }
    case 'CREDITS':
      grantSubscription(rows, user, at, { type, credits: value });
      break;
  }
  return { type, value };
}
