import * as z from 'zod';
import { grantSubscription } from '../domain/subscriptions.js';
import { count, days } from './fields.js';
import { operation } from './operation.js';

/** Starts or prolongs a subscription. Days and credits that are left are carried over, never lost. */
export const createSubscription = operation({
  name: 'createSubscription',
  payload: z
    .strictObject({
      type: z.enum(['MONTH', 'YEAR', 'CREDITS']),
      durationDays: days.optional(),
      credits: count.optional(),
      autoRenew: z.boolean().default(false),
    })
    .refine(({ type, credits }) => (type === 'CREDITS') === (credits !== undefined), {
      path: ['credits'],
      message: 'give credits for CREDITS, and only for CREDITS',
    })
    .refine(({ type, durationDays }) => type !== 'CREDITS' || durationDays === undefined, {
      path: ['durationDays'],
      message: 'CREDITS have no duration',
    }),
  touches: () => ({ subscriptions: [[]] }),
  apply(rows, { type, durationDays, credits = 0, autoRenew }, { telegramId, at }) {
    const { id, endDate, creditsLeft } = grantSubscription(rows, rows.user(telegramId), at, {
      type,
      durationDays,
      credits,
      autoRenew,
    });
    return { subscriptionId: id, endDate, creditsLeft };
  },
});
