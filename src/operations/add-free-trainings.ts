import * as z from 'zod';
import { findFreeTrainings, grantFreeTrainings } from '../domain/free-trainings.js';
import { count } from './fields.js';
import { operation } from './operation.js';

/** Grants free trainings; with `once`, only if the user never got any from that source. */
export const addFreeTrainings = operation({
  name: 'addFreeTrainings',
  payload: z.strictObject({
    count,
    source: z.enum(['CHANNEL', 'PROMOCODE', 'ADMIN']),
    once: z.boolean().default(false),
  }),
  touches: () => ({ freeTrainings: [[]] }),
  apply(rows, { count: trainings, source, once }, { telegramId, at }) {
    const user = rows.user(telegramId);
    const earlier = findFreeTrainings(rows, user, source);
    if (once && earlier) return { added: false, trainingsLeft: earlier.trainingsLeft };
    return { added: true, trainingsLeft: grantFreeTrainings(rows, user, source, trainings, at) };
  },
});
