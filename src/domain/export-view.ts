import * as z from 'zod';
import { badgeView, paymentView, sessionView, subscriptionView, trainingView, userView } from './views.js';

const moment = z.iso.datetime();

/** A bot's session and stats, with when the bot made them. */
const storedSession = sessionView.omit({ user: true }).extend({
  bot: z.string(),
  sessionAt: moment,
  statsAt: moment,
  createdAt: moment,
  updatedAt: moment,
});

/** A subscription with what it granted by itself: days, or credits. */
const storedSubscription = subscriptionView.extend({
  granted: z.int(),
  reminders: z.array(z.strictObject({ days: z.int(), remindedAt: moment })),
});

const freeTrainings = z.strictObject({
  source: z.enum(['CHANNEL', 'PROMOCODE', 'ADMIN']),
  trainingsLeft: z.int(),
  createdAt: moment,
});

/** What the ledger keeps of a unit. One that named several users is held on each of them. */
const storedOutcomes = z.strictObject({
  bot: z.string(),
  key: z.string(),
  outcomes: z.array(z.unknown()),
  createdAt: moment,
});

/** What bots were told of, or will be; for some days. `bot` is where it happened; null when it came about by the clock. */
const toldEvent = z.strictObject({
  bot: z.string().nullable(),
  type: z.string(),
  payload: z.unknown(),
  createdAt: moment,
});

/** Everything held on a user, in all bots or in one; for who asks what is known of them. `user` is null for a stranger. */
export const exportView = z.strictObject({
  telegramId: z.int(),
  exportedAt: moment,
  user: userView.nullable(),
  /** When the user was deleted, if they ever were. */
  deletedAt: moment.nullable(),
  sessions: z.array(storedSession),
  badges: z.array(badgeView),
  subscriptions: z.array(storedSubscription),
  payments: z.array(paymentView),
  promocodes: z.array(z.strictObject({ code: z.string(), usedAt: moment })),
  freeTrainings: z.array(freeTrainings),
  trainings: z.array(trainingView),
  events: z.array(toldEvent),
  units: z.array(storedOutcomes),
});
export type ExportView = z.infer<typeof exportView>;
