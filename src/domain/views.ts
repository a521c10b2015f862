import * as z from 'zod';

/**
 * What reads answer, over HTTP and in the SDK: plain JSON. Dates are ISO 8601 text in UTC, money is a decimal with two
 * places, as text. Repositories produce these, the SDK's reads return them, and the OpenAPI document describes them.
 */

const whole = z.int();
const moment = z.iso.datetime();
const text = z.string();
const subscriptionType = z.enum(['MONTH', 'YEAR', 'CREDITS']);
const freeTrainingSource = z.enum(['CHANNEL', 'PROMOCODE', 'ADMIN']);

/** What botledger stores and never looks into. */
const jsonObject = z.record(z.string(), z.unknown());
export type JsonObject = z.infer<typeof jsonObject>;

export const userView = z.strictObject({
  telegramId: whole,
  username: text.nullable(),
  firstName: text.nullable(),
  lastName: text.nullable(),
  registrationDate: moment,
  lastActivity: moment,
  totalXp: whole,
  level: whole,
  totalTrainings: whole,
  totalScore: whole,
});
export type UserView = z.infer<typeof userView>;

/**
 * A bot's session of a user; `user` is null when nobody knows them yet. The times are those at which the bot made
 * session and stats; null while it has not.
 */
export const sessionView = z.strictObject({
  user: userView.nullable(),
  session: jsonObject,
  stats: jsonObject,
  sessionAt: moment.nullable(),
  statsAt: moment.nullable(),
});
export type SessionView = z.infer<typeof sessionView>;

/** Some of a bot's sessions, of its latest users first. `next` asks for those before them, as `before`; else null. */
export const sessionPage = z.strictObject({
  sessions: z.array(sessionView.omit({ user: true }).extend({ telegramId: whole })),
  next: text.nullable(),
});
export type SessionPage = z.infer<typeof sessionPage>;

export const badgeView = z.strictObject({
  badgeType: text,
  earnedInBot: text,
  earnedAt: moment,
  metadata: jsonObject.nullable(),
});
export type BadgeView = z.infer<typeof badgeView>;

export const subscriptionView = z.strictObject({
  id: whole,
  type: subscriptionType,
  startDate: moment,
  /** Null for CREDITS. */
  endDate: moment.nullable(),
  isActive: z.boolean(),
  autoRenew: z.boolean(),
  /** Null for time-based subscriptions. */
  creditsTotal: whole.nullable(),
  creditsLeft: whole.nullable(),
});
export type SubscriptionView = z.infer<typeof subscriptionView>;

/** Whether a user may train now, and by what (SEED.md, check_access). */
export const accessView = z.strictObject({
  hasAccess: z.boolean(),
  accessType: z.enum(['subscription', 'credits', 'free_trainings']).nullable(),
  /** What is left: the subscription's type and end, or the number of credits or free trainings. */
  details: z.strictObject({
    subscriptionType: subscriptionType.exactOptional(),
    endDate: moment.exactOptional(),
    creditsLeft: whole.exactOptional(),
    trainingsLeft: whole.exactOptional(),
    source: freeTrainingSource.exactOptional(),
  }),
});
export type AccessView = z.infer<typeof accessView>;

/** A user with their place, from 1. */
export const leaderboardEntry = userView.extend({ rank: whole.min(1) });
export type LeaderboardEntry = z.infer<typeof leaderboardEntry>;

/** Some of the leaderboard, and how many users there are in all. */
export const leaderboardPage = z.strictObject({ users: z.array(leaderboardEntry), total: whole });
export type LeaderboardPage = z.infer<typeof leaderboardPage>;

export const paymentView = z.strictObject({
  provider: text,
  paymentId: text,
  amount: text.regex(/^\d+\.\d\d$/),
  currency: text,
  status: z.enum(['PENDING', 'COMPLETED', 'FAILED', 'REFUNDED']),
  tariff: text,
  description: text.nullable(),
  metadata: jsonObject.nullable(),
  /** The subscription that the payment granted. */
  subscriptionId: whole.nullable(),
  createdAt: moment,
  updatedAt: moment,
});
export type PaymentView = z.infer<typeof paymentView>;

/** A code, and whether it could be redeemed now by who has not done so yet. */
export const promocodeView = z.strictObject({
  code: text,
  type: z.enum(['TRAININGS', 'FREE_MONTH', 'CREDITS']),
  /** Trainings, months or credits. */
  value: whole,
  state: z.enum(['valid', 'expired', 'exhausted']),
  /** Null: as often as one likes. */
  maxUses: whole.nullable(),
  currentUses: whole,
  expiresAt: moment.nullable(),
  createdAt: moment,
});
export type PromocodeView = z.infer<typeof promocodeView>;

export const trainingView = z.strictObject({
  id: whole,
  trainingDate: moment,
  scenarioName: text.nullable(),
  totalScore: whole,
  clarityLevel: whole,
  questionCount: whole,
  contextualQuestions: whole,
  perTypeCounts: jsonObject.nullable(),
  caseData: jsonObject.nullable(),
  sessionSnapshot: jsonObject.nullable(),
});
export type TrainingView = z.infer<typeof trainingView>;

/** Some trainings, latest first. `next` asks for those before them, as `before`; null when there are none. */
export const trainingPage = z.strictObject({ trainings: z.array(trainingView), next: text.nullable() });
export type TrainingPage = z.infer<typeof trainingPage>;

export const appliedState = z.strictObject({ status: z.literal('applied'), outcomes: z.array(z.unknown()) });
export const failedState = z.strictObject({ status: z.literal('failed'), reason: text });
export const waitingState = z.strictObject({ status: z.literal('waiting') });

/** What became of a unit. */
export type OperationState = z.infer<typeof appliedState | typeof failedState | typeof waitingState>;
