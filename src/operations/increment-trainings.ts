import * as z from 'zod';
import { plus } from '../domain/counters.js';
import { count } from './fields.js';
import { operation } from './operation.js';

/** Counts trainings done. */
export const incrementTrainings = operation({
  name: 'incrementTrainings',
  payload: z.strictObject({ by: count.default(1) }),
  apply(rows, { by }, { telegramId }) {
    const user = rows.user(telegramId);
    user.totalTrainings = plus(user.totalTrainings, by);
    return { totalTrainings: user.totalTrainings };
  },
});
