import * as z from 'zod';
import { operation } from './operation.js';

/** Deletes everything of a user. What was enqueued before and arrives late is dropped; a user who returns starts afresh. */
export const deleteUser = operation({
  name: 'deleteUser',
  payload: z.strictObject({}),
  alone: true,
  apply(rows, _, { telegramId, at, created, settings }) {
    rows.forget(rows.user(telegramId), at, settings);
    return { deleted: !created };
  },
});
