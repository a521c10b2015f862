import * as z from 'zod';
import { storeSession } from '../domain/sessions.js';
import { jsonObject } from './fields.js';
import { operation } from './operation.js';

/** Starts a session anew, from `session` or from nothing; the bot's stats stay unless `keepStats` is false. */
export const resetSession = operation({
  name: 'resetSession',
  payload: z.strictObject({ session: jsonObject.optional(), keepStats: z.boolean().default(true) }),
  touches: (_, bot) => ({ botSessions: [[bot]] }),
  image: ({ session = {}, keepStats }, before) => ({ ...before, session, ...(!keepStats && { stats: {} }) }),
  apply: (rows, { session = {}, keepStats }, context) => ({
    saved: storeSession(rows, context, { session, stats: keepStats ? undefined : {} }),
  }),
});
