import * as z from 'zod';
import { redeem, refusalOf } from '../domain/promocodes.js';
import { promocode } from './fields.js';
import { operation } from './operation.js';

/** Redeems a code, once per user and never more often than it allows. */
export const redeemPromocode = operation({
  name: 'redeemPromocode',
  payload: z.strictObject({ code: promocode }),
  touches: ({ code }) => ({
    promocodes: [[code]],
    promocodeUsage: [[]],
    subscriptions: [[]],
    freeTrainings: [[]],
  }),
  apply(rows, { code }, { telegramId, at }) {
    const user = rows.user(telegramId);
    const found = rows.shared('promocodes', code);
    const reason = refusalOf(rows, user, found, at);
    if (!found || reason) return { redeemed: false, reason: reason ?? 'not_found' };
    return { redeemed: true, granted: redeem(rows, user, found, at) };
  },
});
