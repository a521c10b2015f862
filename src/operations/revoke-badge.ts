import * as z from 'zod';
import { label } from './fields.js';
import { operation } from './operation.js';

/** Takes back a badge that the user earned in this bot. */
export const revokeBadge = operation({
  name: 'revokeBadge',
  payload: z.strictObject({ badgeType: label }),
  touches: ({ badgeType }, bot) => ({ userBadges: [[badgeType, bot]] }),
  apply(rows, { badgeType }, { telegramId, bot }) {
    const badge = rows.find('userBadges', rows.user(telegramId), badgeType, bot);
    if (badge) rows.remove('userBadges', badge);
    return { revoked: badge !== undefined };
  },
});
