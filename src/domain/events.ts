import * as z from 'zod';
import type { Rows, UserRow } from './rows.js';

const subscription = {
  subscriptionId: z.int(),
  subscriptionType: z.enum(['MONTH', 'YEAR', 'CREDITS']),
  /** Null for CREDITS. */
  endDate: z.iso.datetime().nullable(),
  autoRenew: z.boolean(),
};

const payment = z.strictObject({
  provider: z.string(),
  paymentId: z.string(),
  /** A decimal with two places, as it was first recorded. */
  amount: z.string(),
  currency: z.string(),
  tariff: z.string(),
  /** What the payment granted; null for an unknown tariff. */
  subscriptionId: z.int().nullable(),
});

/** What bots are told of, and what each event carries. Types are permanent: they are kept and queued under their names. */
export const eventPayloads = {
  'user.leveledUp': z.strictObject({ oldLevel: z.int(), newLevel: z.int(), totalXp: z.int() }),
  'badge.awarded': z.strictObject({ badgeType: z.string() }),
  'payment.completed': payment,
  'payment.refunded': payment,
  /** `days` is the threshold of REMIND_DAYS that was passed. */
  'subscription.expiring': z.strictObject({ ...subscription, days: z.int() }),
  'subscription.expired': z.strictObject(subscription),
} as const;

export type EventType = keyof typeof eventPayloads;

/** What an event of a type carries. */
export type EventPayload<T extends EventType> = z.infer<(typeof eventPayloads)[T]>;

export const eventTypes = Object.keys(eventPayloads) as EventType[];

/** Something that happened to a user, as a bot is told of it. */
export type BotEvent<T extends EventType = EventType> = {
  [Type in T]: {
    /** Rises with time for each user; the same when the event is delivered once more. */
    readonly id: number;
    readonly type: Type;
    readonly telegramId: number;
    /** The bot where it happened; null when it came about by the clock. */
    readonly bot: string | null;
    /** When it happened: ISO 8601. */
    readonly at: string;
    readonly payload: EventPayload<Type>;
  };
}[T];

/** What a bot wants to be told of: one type or all, of its own doing or of every bot's. */
export interface Wish {
  readonly type: EventType | '*';
  readonly from: 'own' | 'all';
}

/** Whether an event is what a bot wishes for. A subscription belongs to all bots, so its events do, too. */
export function fulfils(event: Pick<BotEvent, 'type' | 'bot'>, bot: string, { type, from }: Wish): boolean {
  if (type !== '*' && type !== event.type) return false;
  return from === 'all' || event.bot === bot || event.type.startsWith('subscription.');
}

interface Where {
  bot: string;
  at: Date;
}

/** Notes an event, to be written in the transaction of its cause. */
export function emit<T extends EventType>(
  rows: Rows,
  user: UserRow,
  { bot, at }: Where,
  type: T,
  payload: EventPayload<T>,
): void {
  rows.add('outbox', { userId: user.id, botName: bot, type, payload, createdAt: at, deliveredAt: null });
}
