import * as z from 'zod';
import { level } from './fields.js';
import { operation } from './operation.js';

/** Sets the level, up or down, whatever the XP. */
export const setLevel = operation({
  name: 'setLevel',
  payload: z.strictObject({ level }),
  apply(rows, { level: newLevel }, { telegramId }) {
    const user = rows.user(telegramId);
    const oldLevel = user.level;
    user.level = newLevel;
    return { oldLevel, newLevel };
  },
});
