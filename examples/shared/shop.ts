import type { PayloadOf } from 'botledger';

/** Digits after the point: `exp` in https://core.telegram.org/bots/payments/currencies.json. Stars (XTR) have none. */
const DIGITS = { XTR: 0, RUB: 2, USD: 2, EUR: 2, JPY: 0 } as const;

interface Goods {
  title: string;
  description: string;
  currency: keyof typeof DIGITS;
  /** The price in the smallest unit, as Telegram has it: 250 Stars, or 49000 for 490.00 RUB. */
  price: number;
  /** Telegram charges again by itself after so many seconds; it allows 30 days, in Stars. */
  period?: number;
}

/** What both bots sell, by tariff: the ledger knows what each grants (`TARIFFS`). */
export const goods = {
  credits_5: { title: 'Five trainings', description: 'Use them whenever you like', currency: 'XTR', price: 100 },
  month: {
    title: 'A month',
    description: 'Train as much as you like, month by month until you cancel',
    currency: 'XTR',
    price: 250,
    period: 30 * 24 * 60 * 60,
  },
  year: { title: 'A year', description: 'Train as much as you like', currency: 'RUB', price: 499_000 },
} satisfies Record<string, Goods>;

export type Tariff = keyof typeof goods;

/** An invoice for `sendInvoice` or `createInvoiceLink`. Its payload is the tariff: Telegram hands it back when they paid. */
export function invoiceOf(tariff: Tariff) {
  const { title, description, currency, price }: Goods = goods[tariff];
  return { title, description, payload: tariff, currency, prices: [{ label: title, amount: price }] };
}

/** What stands in the way of a checkout, in words for the user; undefined when nothing does. */
export function problemOf(checkout: { invoice_payload: string; currency: string; total_amount: number }) {
  const offer = Object.entries<Goods>(goods).find(([tariff]) => tariff === checkout.invoice_payload)?.[1];
  const stands = offer?.currency === checkout.currency && offer.price === checkout.total_amount;
  return stands ? undefined : 'This offer has changed. Send /buy for the new one; nothing was charged.';
}

/** The part of `successful_payment` and `refunded_payment` that matters here. */
interface Charge {
  currency: string;
  total_amount: number;
  invoice_payload: string;
  telegram_payment_charge_id: string;
  subscription_expiration_date?: number;
}

/**
 * What the ledger records of a payment or its refund. The charge's id makes it one payment, however often and in how
 * many updates Telegram tells of it.
 */
export function paymentOf(charge: Charge, status: 'COMPLETED' | 'REFUNDED'): PayloadOf<'recordPayment'> {
  const { currency, total_amount, invoice_payload, telegram_payment_charge_id, subscription_expiration_date } = charge;
  return {
    provider: 'telegram',
    paymentId: telegram_payment_charge_id,
    amount: decimalOf(total_amount, currency),
    currency,
    status,
    tariff: invoice_payload,
    // Telegram's word on when the period ends. Thirty days from now would be wrong whenever the bot hears of it late.
    ...(subscription_expiration_date ? { paidUntil: new Date(1_000 * subscription_expiration_date) } : {}),
  };
}

/** Minor units as a decimal, without a detour through floating point: 49000 in RUB is "490.00", in JPY "49000". */
export function decimalOf(minorUnits: number, currency: string): string {
  const digits = DIGITS[currency as keyof typeof DIGITS];
  if (digits === undefined) throw new Error(`${currency}: unknown currency, add it to DIGITS in shop.ts`);
  if (digits === 0) return `${minorUnits}`;
  const text = `${minorUnits}`.padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
