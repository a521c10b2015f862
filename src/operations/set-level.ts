import * as z from 'zod';
import { announceLevel } from '../domain/levels.js';
import { level } from './fields.js';
import { operation } from './operation.js';

/** Sets the level, up or down, whatever the XP. */
export const setLevel = operation({
  name: 'setLevel',
  payload: z.strictObject({ level }),
  apply(rows, { level: newLevel }, context) {
    const user = rows.user(context.telegramId);
    const oldLevel = user.level;
    user.level = newLevel;
    announceLevel(rows, user, oldLevel, context);
    return { oldLevel, newLevel };
  },
});
