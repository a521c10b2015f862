import * as z from 'zod';
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
    const row = rows.list('freeTrainings', user).find((candidate) => candidate.source === source);
    if (!row) {
      rows.add('freeTrainings', { userId: user.id, source, trainingsLeft: trainings, createdAt: at });
      return { added: true, trainingsLeft: trainings };
    }
    if (once) return { added: false, trainingsLeft: row.trainingsLeft };
    row.trainingsLeft += trainings;
    return { added: true, trainingsLeft: row.trainingsLeft };
  },
});
