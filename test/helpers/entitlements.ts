import fc from 'fast-check';
import type { PaymentStatus } from '../../src/domain/rows.js';
import { defaultSettings, type Settings } from '../../src/domain/settings.js';
import type { WireOperation } from '../../src/operations/unit.js';

/**
 * A reference for what payments and grants leave a user, as plain as can be: one token per quarter of a day and per
 * credit, used up in the order in which they were given. It shares nothing with the rules that it checks.
 */

const DAY_QUARTERS = 4;
const QUARTER_MS = 21_600_000;
const START = Date.UTC(2026, 0, 15);

const tariffs = {
  two_days: { type: 'MONTH' as const, durationDays: 2 },
  five_days: { type: 'YEAR' as const, durationDays: 5 },
};

export const settings: Settings = { ...defaultSettings, tariffs };

/** What a payment for a tariff is for. */
const granted: Record<string, { days?: number; credits?: number }> = {
  two_days: { days: 2 },
  five_days: { days: 5 },
  credits_2: { credits: 2 },
  credits_3: { credits: 3 },
  unheard_of: {},
};

/** The payments of a user, by number. */
const tariffOf = ['two_days', 'five_days', 'credits_2', 'credits_3', 'two_days', 'credits_2', 'unheard_of'] as const;

/** Something that happens to a user. */
export type Happening =
  | { what: 'wait'; quarters: number }
  | { what: 'notify'; payment: number; status: PaymentStatus }
  | { what: 'buyDays' | 'buyCredits'; number: number }
  | { what: 'consume' | 'cancelDays' | 'cancelCredits' };

const statuses: readonly PaymentStatus[] = ['PENDING', 'COMPLETED', 'FAILED', 'REFUNDED'];

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('wait' as const), quarters: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('notify' as const),
      payment: fc.integer({ min: 0, max: tariffOf.length - 1 }),
      // Most payments are completed, or nothing would ever be refunded.
      status: fc.constantFrom(...statuses, 'COMPLETED', 'COMPLETED', 'COMPLETED', 'REFUNDED'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom('buyDays' as const, 'buyCredits' as const),
      number: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('consume' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('cancelDays' as const, 'cancelCredits' as const) }) },
);

/** A life of a user, long enough for payments to be granted, used and refunded between each other. */
export const happenings = fc.array(happening, { minLength: 1, maxLength: 40, size: 'max' });

/** What happens, as an operation and its moment; `wait` is none, and only makes the next one later. */
export function operationsOf(life: readonly Happening[], telegramId: number): { operation: WireOperation; at: Date }[] {
  let quarters = 0;
  return life.flatMap((happens) => {
    if (happens.what === 'wait') {
      quarters += happens.quarters;
      return [];
    }
    return [{ operation: { telegramId, ...operationOf(happens, telegramId) }, at: moment(quarters) }];
  });
}

export const moment = (quarters: number): Date => new Date(START + quarters * QUARTER_MS);

function operationOf(happens: Exclude<Happening, { what: 'wait' }>, telegramId: number): WireOperation {
  switch (happens.what) {
    case 'notify': {
      const { payment, status } = happens;
      const names = { provider: 'yookassa', paymentId: `${telegramId}-${payment}`, amount: '990' };
      return { name: 'recordPayment', ...names, status, tariff: tariffOf[payment] };
    }
    case 'buyDays':
      return { name: 'createSubscription', type: 'MONTH', durationDays: happens.number };
    case 'buyCredits':
      return { name: 'createSubscription', type: 'CREDITS', credits: happens.number };
    case 'consume':
      return { name: 'consumeAccess' };
    case 'cancelDays':
      return { name: 'cancelSubscription', immediately: true };
    case 'cancelCredits':
      return { name: 'cancelSubscription', type: 'CREDITS', immediately: true };
  }
}

const moves = new Set(['PENDING COMPLETED', 'PENDING FAILED', 'FAILED COMPLETED', 'COMPLETED REFUNDED']);

/** Where a payment stands after each notification, and whether that one moved it there. */
export function statusMachine(): (notified: PaymentStatus) => { status: PaymentStatus; applied: boolean } {
  let status: PaymentStatus | undefined;
  return (notified) => {
    const applied = status === undefined || moves.has(`${status} ${notified}`);
    if (applied) status = notified;
    return { status: status as PaymentStatus, applied };
  };
}

/** What is left to the user in the end, and what each operation answers. */
export function reference(life: readonly Happening[]) {
  const payments = tariffOf.map(() => statusMachine());
  const grants = new Set<number>();
  let quarters: string[] = [];
  let credits: string[] = [];
  let now = 0;
  const end = () => (quarters.length > 0 ? now + quarters.length : null);
  const give = (whose: string, { days = 0, credits: number = 0 }: { days?: number; credits?: number }) => {
    quarters.push(...Array<string>(days * DAY_QUARTERS).fill(whose));
    credits.push(...Array<string>(number).fill(whose));
  };
  const takeBack = (whose: string) => {
    quarters = quarters.filter((owner) => owner !== whose);
    credits = credits.filter((owner) => owner !== whose);
  };
  const answer = (happens: Exclude<Happening, { what: 'wait' }>): unknown => {
    switch (happens.what) {
      case 'notify': {
        const { payment } = happens;
        const { status, applied } = (payments[payment] as ReturnType<typeof statusMachine>)(happens.status);
        const tariff = tariffOf[payment] as string;
        const completed = applied && status === 'COMPLETED';
        if (completed && tariff !== 'unheard_of') grants.add(payment);
        if (completed) give(`payment ${payment}`, granted[tariff] ?? {});
        if (applied && status === 'REFUNDED') takeBack(`payment ${payment}`);
        return { status, applied, granted: grants.has(payment), warned: completed && tariff === 'unheard_of' };
      }
      case 'buyDays':
        give('bought', { days: happens.number });
        return { end: end() };
      case 'buyCredits':
        give('bought', { credits: happens.number });
        return { credits: credits.length };
      case 'consume': {
        if (quarters.length > 0) return { granted: true, accessType: 'subscription', left: null };
        const spent = credits.shift() !== undefined;
        return { granted: spent, accessType: spent ? 'credits' : null, left: credits.length };
      }
      case 'cancelDays': {
        const cancelled = quarters.splice(0).length > 0;
        return { cancelled };
      }
      case 'cancelCredits': {
        const cancelled = credits.splice(0).length > 0;
        return { cancelled };
      }
    }
  };
  const answers: unknown[] = [];
  for (const happens of life) {
    if (happens.what === 'wait') {
      now += happens.quarters;
      quarters.splice(0, happens.quarters);
    } else answers.push(answer(happens));
  }
  return { answers, now, left: { end: end(), credits: credits.length }, grants: grants.size };
}

/** An outcome of ours in the words of the reference. */
export function inItsWords({ operation }: { operation: WireOperation }, outcome: object): unknown {
  const given = JSON.parse(JSON.stringify(outcome)) as Record<string, unknown>;
  if (operation.name === 'recordPayment') {
    const { status, applied, subscriptionId, warning } = given;
    return { status, applied, granted: subscriptionId !== undefined, warned: warning !== undefined };
  }
  if (operation.name !== 'createSubscription') return given;
  const { endDate, creditsLeft } = given as { endDate: string | null; creditsLeft: number | null };
  return endDate === null ? { credits: creditsLeft } : { end: quartersUntil(endDate) };
}

export const quartersUntil = (end: string | Date): number => (new Date(end).getTime() - START) / QUARTER_MS;
