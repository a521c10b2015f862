import * as z from 'zod';
import { count, moment, promocode } from './fields.js';
import { sharedOperation } from './operation.js';

/** Creates a code. One that exists already stays as it is. */
export const createPromocode = sharedOperation({
  name: 'createPromocode',
  payload: z
    .strictObject({
      code: promocode,
      type: z.enum(['TRAININGS', 'FREE_MONTH', 'CREDITS']),
      /** Trainings, months or credits. */
      value: count,
      maxUses: count.optional(),
      expiresAt: moment.optional(),
    })
    .refine(({ type, value }) => type !== 'FREE_MONTH' || value <= 120, {
      path: ['value'],
      message: 'at most 120 months',
    }),
  touches: ({ code }) => ({ promocodes: [[code]] }),
  apply(rows, { code, type, value, maxUses = null, expiresAt = null }, { at }) {
    if (rows.shared('promocodes', code)) return { created: false };
    rows.add('promocodes', { code, type, value, maxUses, currentUses: 0, expiresAt, createdAt: at });
    return { created: true };
  },
});
