import * as z from 'zod';
import { recordNotification } from '../domain/payments.js';
import { currency, jsonObject, label, moment, money, text } from './fields.js';
import { operation } from './operation.js';

/**
 * Records what a payment provider reports. COMPLETED grants the tariff, REFUNDED takes that grant back; what arrives
 * again, late or out of order changes nothing. `paidUntil` is the end of the period that was paid for, when the provider
 * names it (Telegram's `subscription_expiration_date`): a time-based tariff then lasts until that moment, however late
 * the notification comes.
 */
export const recordPayment = operation({
  name: 'recordPayment',
  payload: z.strictObject({
    provider: text(64),
    paymentId: label,
    amount: money,
    currency: currency.default('RUB'),
    status: z.enum(['PENDING', 'COMPLETED', 'FAILED', 'REFUNDED']),
    tariff: label,
    paidUntil: moment.optional(),
    description: text(1_000).optional(),
    metadata: jsonObject.optional(),
  }),
  touches: ({ provider, paymentId }) => ({ payments: [[provider, paymentId]], subscriptions: [[]] }),
  apply: (rows, payload, context) => recordNotification(rows, payload, context),
});
