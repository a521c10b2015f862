import * as z from 'zod';
import { type AccessType, findAccess } from '../domain/access.js';
import { emit } from '../domain/events.js';
import { endOf } from '../domain/subscriptions.js';
import { operation } from './operation.js';

export interface ConsumeOutcome {
  granted: boolean;
  accessType: AccessType | null;
  /** Credits or free trainings left in what was used; null for a subscription, which is not used up. */
  left: number | null;
}

/** Lets the user in once, at the cost of a credit or a free training unless a subscription runs. */
export const consumeAccess = operation({
  name: 'consumeAccess',
  payload: z.strictObject({}),
  touches: () => ({ subscriptions: [[]], freeTrainings: [[]] }),
  apply(rows, _, { telegramId, bot, at }): ConsumeOutcome {
    const user = rows.user(telegramId);
    const access = findAccess(rows.list('subscriptions', user), rows.list('freeTrainings', user), at);
    switch (access?.accessType) {
      case undefined:
        return { granted: false, accessType: null, left: 0 };
      case 'subscription':
        return { granted: true, accessType: 'subscription', left: null };
      case 'credits': {
        const left = (access.from.creditsLeft ?? 0) - 1;
        access.from.creditsLeft = left;
        access.from.isActive = left > 0;
        if (left === 0) emit(rows, user, { bot, at }, 'subscription.expired', endOf(access.from));
        return { granted: true, accessType: 'credits', left };
      }
      case 'free_trainings':
        access.from.trainingsLeft -= 1;
        return { granted: true, accessType: 'free_trainings', left: access.from.trainingsLeft };
    }
  },
});
