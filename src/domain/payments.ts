import { ValidationError } from '../errors.js';
import { emit } from './events.js';
import type { JsonText, PaymentRow, PaymentStatus, Rows, UserRow } from './rows.js';
import type { Settings } from './settings.js';
import { grantSubscription, takeBackGrant } from './subscriptions.js';
import { grantOf } from './tariffs.js';
import { later } from './time.js';

/** What a provider reports. */
export interface Notification {
  provider: string;
  paymentId: string;
  /** A decimal with two places. */
  amount: string;
  currency: string;
  status: PaymentStatus;
  tariff: string;
  /** The end of the period that was paid for, when the provider names it. */
  paidUntil?: Date | undefined;
  description?: string | undefined;
  metadata?: object | undefined;
}

/** What recording answers. */
export interface PaymentOutcome {
  /** The payment's status now. */
  status: PaymentStatus;
  /** Whether the notification changed it. */
  applied: boolean;
  /** The subscription that the payment granted; absent while none is, and for unknown tariffs. */
  subscriptionId?: number;
  /** What a person should look at. */
  warning?: string;
}

interface Where {
  telegramId: number;
  bot: string;
  at: Date;
  settings: Settings;
}

/** Where each status may go. Everything else is a repetition, or arrived out of order. */
const NEXT: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  PENDING: ['COMPLETED', 'FAILED'],
  FAILED: ['COMPLETED'],
  COMPLETED: ['REFUNDED'],
  REFUNDED: [],
};

/**
 * Moves a payment along its status machine, and grants or takes back in the same step.
 *
 * @throws ValidationError when the payment is known in another currency
 */
export function recordNotification(rows: Rows, notification: Notification, where: Where): PaymentOutcome {
  const { provider, paymentId, status } = notification;
  const user = rows.user(where.telegramId);
  const known = rows.shared('payments', provider, paymentId);
  // A notification under someone else's name is not about this user's money.
  if (known && !(follows(known, notification) && known.userId === user.id)) return outcome(known, false);

  const payment = known ?? addPayment(rows, user, notification, where.at);
  move(payment, status, where.at);
  const granted = status !== 'COMPLETED' || grant(rows, user, payment, notification.paidUntil, where);
  if (status === 'REFUNDED') takeBack(rows, user, payment, where.at);
  announce(rows, user, payment, where);
  if (granted) return outcome(payment, true);
  return { ...outcome(payment, true), warning: `${UNKNOWN_TARIFF} "${payment.tariff}": nothing was granted` };
}

/**
 * Moves a payment that outlived its user along its status machine: nothing is granted, taken back or learnt of anybody.
 *
 * @throws ValidationError when the payment is known in another currency
 */
export function recordKept(payment: PaymentRow, notification: Notification, at: Date): PaymentOutcome {
  const applied = follows(payment, notification);
  if (applied) move(payment, notification.status, at);
  return outcome(payment, applied);
}

/** Whether a notification is the next step of its payment. */
function follows(payment: PaymentRow, { status, currency }: Notification): boolean {
  if (payment.currency !== currency) {
    throw new ValidationError([
      `recordPayment.currency: ${currency}, but this payment was recorded in ${payment.currency}: check the provider's notification`,
    ]);
  }
  return NEXT[payment.status].includes(status);
}

function move(payment: PaymentRow, status: PaymentStatus, at: Date): void {
  payment.status = status;
  payment.updatedAt = later(payment.updatedAt, at);
}

const UNKNOWN_TARIFF = 'unknown tariff';

/** Whether an outcome, of any operation, warns that a payment granted nothing for want of its tariff. */
export const warnsOfTariff = (outcome: unknown): boolean =>
  (outcome as PaymentOutcome).warning?.startsWith(UNKNOWN_TARIFF) ?? false;

function addPayment(rows: Rows, user: UserRow, notification: Notification, at: Date): PaymentRow {
  const { provider, paymentId, amount, currency, status, tariff, description = null, metadata } = notification;
  return rows.add('payments', {
    userId: user.id,
    subscriptionId: null,
    amount,
    currency,
    provider,
    paymentId,
    status,
    tariff,
    description,
    metadata: metadata ? (JSON.stringify(metadata) as JsonText) : null,
    createdAt: at,
    updatedAt: at,
  });
}

function grant(
  rows: Rows,
  user: UserRow,
  payment: PaymentRow,
  until: Date | undefined,
  { at, settings }: Where,
): boolean {
  const granted = grantOf(settings.tariffs, payment.tariff);
  if (granted) payment.subscriptionId = grantSubscription(rows, user, at, { ...granted, until }).id;
  return granted !== undefined;
}

function takeBack(rows: Rows, user: UserRow, { subscriptionId }: PaymentRow, at: Date): void {
  const granted = rows.list('subscriptions', user).find(({ id }) => id === subscriptionId);
  if (granted) takeBackGrant(rows, user, granted, at);
}

function announce(rows: Rows, user: UserRow, payment: PaymentRow, where: Where): void {
  const { status, provider, paymentId, amount, currency, tariff, subscriptionId } = payment;
  const type = status === 'COMPLETED' ? 'payment.completed' : 'payment.refunded';
  if (status !== 'COMPLETED' && status !== 'REFUNDED') return;
  emit(rows, user, where, type, { provider, paymentId, amount, currency, tariff, subscriptionId });
}

const outcome = ({ status, subscriptionId }: PaymentRow, applied: boolean): PaymentOutcome => ({
  status,
  applied,
  ...(subscriptionId === null ? {} : { subscriptionId }),
});
