import * as z from 'zod';
import { announceLevel, gainXp } from '../domain/levels.js';
import { amount, levelTable } from './fields.js';
import { operation } from './operation.js';

/** Adds XP, shared by all bots, and raises the level where it is due. */
export const addXp = operation({
  name: 'addXp',
  payload: z.strictObject({ xp: amount, levels: levelTable.optional() }),
  apply(rows, { xp, levels }, context) {
    const user = rows.user(context.telegramId);
    const outcome = gainXp(user, xp, levels);
    announceLevel(rows, user, outcome.oldLevel, context);
    return outcome;
  },
});
