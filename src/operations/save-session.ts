import * as z from 'zod';
import { storeSession } from '../domain/sessions.js';
import { jsonObject } from './fields.js';
import { operation } from './operation.js';

/** Stores the bot's session or stats of a user, or both. Each is last-write-wins by the time the bot made it. */
export const saveSession = operation({
  name: 'saveSession',
  payload: z
    .strictObject({ session: jsonObject.optional(), stats: jsonObject.optional() })
    .refine(({ session, stats }) => session ?? stats, 'give session, stats or both'),
  touches: (_, bot) => ({ botSessions: [[bot]] }),
  image: ({ session, stats }, before) => ({ ...before, ...(session && { session }), ...(stats && { stats }) }),
  apply: (rows, { session, stats }, context) => ({ saved: storeSession(rows, context, { session, stats }) }),
});
