import * as z from 'zod';
import { plus } from '../domain/counters.js';
import { amount } from './fields.js';
import { operation } from './operation.js';

/** Adds to the user's total score; a negative score takes away. */
export const addScore = operation({
  name: 'addScore',
  payload: z.strictObject({ score: amount }),
  apply(rows, { score }, { telegramId }) {
    const user = rows.user(telegramId);
    user.totalScore = plus(user.totalScore, score);
    return { totalScore: user.totalScore };
  },
});
