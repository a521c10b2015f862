import * as z from 'zod';
import { isRunning } from '../domain/access.js';
import { earlier } from '../domain/time.js';
import { operation } from './operation.js';

/**
 * Stops the renewal of a subscription; access stays until its end. With `immediately` it ends now. Without `type` the
 * time-based one is meant: credits have no renewal, and are given up only when they are named.
 */
export const cancelSubscription = operation({
  name: 'cancelSubscription',
  payload: z.strictObject({
    type: z.enum(['MONTH', 'YEAR', 'CREDITS']).optional(),
    immediately: z.boolean().default(false),
  }),
  touches: () => ({ subscriptions: [[]] }),
  apply(rows, { type, immediately }, { telegramId, at }) {
    const meant = rows
      .list('subscriptions', rows.user(telegramId))
      .find((row) => (type ? row.subscriptionType === type && row.isActive : isRunning(row, at)));
    if (!meant || !(immediately || meant.autoRenew)) return { cancelled: false };

    meant.autoRenew = false;
    if (immediately) {
      meant.isActive = false;
      if (meant.endDate) meant.endDate = earlier(meant.endDate, at);
    }
    return { cancelled: true };
  },
});
