import * as z from 'zod';
import { emit } from '../domain/events.js';
import { jsonObject, label } from './fields.js';
import { operation } from './operation.js';

/** Awards a badge, once per user, badge and bot; all bots see it. */
export const awardBadge = operation({
  name: 'awardBadge',
  payload: z.strictObject({ badgeType: label, metadata: jsonObject.optional() }),
  touches: ({ badgeType }, bot) => ({ userBadges: [[badgeType, bot]] }),
  apply(rows, { badgeType, metadata }, { telegramId, bot, at }) {
    const user = rows.user(telegramId);
    const earned = rows.find('userBadges', user, badgeType, bot);
    if (earned) return { awarded: false, earnedAt: earned.earnedAt };

    rows.add('userBadges', {
      userId: user.id,
      badgeType,
      earnedInBot: bot,
      earnedAt: at,
      metadata: metadata ? JSON.stringify(metadata) : null,
    });
    emit(rows, user, { bot, at }, 'badge.awarded', { badgeType });
    return { awarded: true, earnedAt: at };
  },
});
