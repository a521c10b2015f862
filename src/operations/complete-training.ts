import * as z from 'zod';
import { plus } from '../domain/counters.js';
import { gainXp } from '../domain/levels.js';
import { countTraining, withTraining } from '../domain/sessions.js';
import { levelTable } from './fields.js';
import { operation } from './operation.js';

/** Books a finished training at once: counters, score, XP and level, and the bot's stats. */
export const completeTraining = operation({
  name: 'completeTraining',
  payload: z.strictObject({ score: z.int().min(0).max(1_000_000_000), levels: levelTable.optional() }),
  touches: (_, bot) => ({ botSessions: [[bot]] }),
  image: ({ score }, { stats, ...before }, at) => ({
    ...before,
    ...(stats && { stats: withTraining(stats, score, at) }),
    counted: true,
  }),
  apply(rows, { score, levels }, context) {
    const user = rows.user(context.telegramId);
    user.totalTrainings = plus(user.totalTrainings, 1);
    user.totalScore = plus(user.totalScore, score);
    countTraining(rows, context, score);
    return gainXp(user, score, levels);
  },
});
