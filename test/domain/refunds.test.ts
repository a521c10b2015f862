import { expect } from 'chai';
import fc from 'fast-check';
import type { OperationName, PayloadOf } from '../../src/operations/registry.js';
import type { WireOperation } from '../../src/operations/unit.js';
import {
  type Happening,
  happenings,
  inItsWords,
  moment,
  operationsOf,
  quartersUntil,
  reference,
  settings,
} from '../helpers/entitlements.js';
import { apply, MemoryRows } from '../helpers/memory-rows.js';

const TELEGRAM_ID = 7;

/** What the rules answer to a life, and what they leave. */
function live(life: readonly Happening[]) {
  const rows = new MemoryRows();
  const answers = operationsOf(life, TELEGRAM_ID).map(({ operation, at }) => {
    const { name, telegramId: _, ...payload } = operation as WireOperation & { name: OperationName };
    const outcome = apply(rows, name, payload as PayloadOf<OperationName>, { telegramId: TELEGRAM_ID, at, settings });
    expectSound(rows);
    return inItsWords({ operation }, outcome);
  });
  return { rows, answers };
}

/** At every step: nothing below zero, no more left than there was, and one active subscription of each kind. */
function expectSound({ stored }: MemoryRows): void {
  for (const { granted, creditsLeft, creditsTotal } of stored.subscriptions) {
    expect(granted).to.be.at.least(0);
    if (creditsLeft !== null) expect(creditsLeft).to.be.within(0, creditsTotal ?? Number.NaN);
  }
  const active = stored.subscriptions.filter(({ isActive }) => isActive);
  expect(active.filter(({ endDate }) => endDate).length).to.be.at.most(1);
  expect(active.filter(({ endDate }) => !endDate).length).to.be.at.most(1);
}

/** What the user may still use. */
function left({ stored }: MemoryRows, now: number) {
  const active = stored.subscriptions.filter(({ isActive }) => isActive);
  const running = active.find(({ endDate }) => endDate && endDate > moment(now));
  const credits = active.find(({ endDate }) => !endDate);
  return {
    end: running?.endDate ? quartersUntil(running.endDate) : null,
    credits: credits?.creditsLeft ?? 0,
  };
}

const paid = (payment: number): Happening => ({ what: 'notify', payment, status: 'COMPLETED' });
const refunded = (payment: number): Happening => ({ what: 'notify', payment, status: 'REFUNDED' });
const days = (number: number): Happening => ({ what: 'wait', quarters: number * 4 });

describe('A refund takes back what its payment granted and was not used, and only that', () => {
  const [TWO_DAYS, FIVE_DAYS, TWO_CREDITS, THREE_CREDITS] = [0, 1, 2, 3] as const;

  for (const [what, life, end, credits] of [
    ['all of it, when nothing was used', [paid(FIVE_DAYS), refunded(FIVE_DAYS)], null, 0],
    ['the days that are left', [paid(FIVE_DAYS), paid(TWO_DAYS), days(3), refunded(FIVE_DAYS)], 5, 0],
    ['nothing, once all is used', [paid(TWO_DAYS), paid(FIVE_DAYS), days(3), refunded(TWO_DAYS)], 7, 0],
    ['the later one whole, while the earlier runs', [paid(TWO_DAYS), paid(FIVE_DAYS), days(1), refunded(1)], 2, 0],
    ['nothing of what was bought after it ran out', [paid(TWO_DAYS), days(9), paid(FIVE_DAYS), refunded(0)], 14, 0],
    ['nothing of what was bought after it was given up', [paid(0), { what: 'cancelDays' }, paid(1), refunded(0)], 5, 0],
    ['its credits', [paid(TWO_CREDITS), paid(THREE_CREDITS), refunded(TWO_CREDITS)], null, 3],
    ['the credits not spent', [paid(2), paid(3), { what: 'consume' }, refunded(2)], null, 3],
    ['the later credits whole', [paid(2), paid(3), { what: 'consume' }, refunded(3)], null, 1],
    ['no days for credits', [paid(FIVE_DAYS), paid(TWO_CREDITS), refunded(TWO_CREDITS)], 5, 0],
    ['nothing twice', [paid(0), paid(4), refunded(0), refunded(0)], 2, 0],
  ] as readonly (readonly [string, readonly Happening[], number | null, number])[]) {
    it(what, () => {
      const { now } = reference(life);
      expect(left(live(life).rows, now)).to.deep.equal({ end: end === null ? null : end * 4, credits });
    });
  }

  it('and ends the subscription of which nothing is left', () => {
    const life = [paid(FIVE_DAYS), paid(THREE_CREDITS), days(1), refunded(FIVE_DAYS), refunded(THREE_CREDITS)];
    expect(live(life).rows.stored.subscriptions.map(({ isActive }) => isActive)).to.deep.equal([false, false]);
  });

  it('to the quarter of a day and to the credit, whatever happens in between', () => {
    fc.assert(
      fc.property(happenings, (life) => {
        const expected = reference(life);
        const { rows, answers } = live(life);
        expect(answers).to.deep.equal(expected.answers);
        expect(left(rows, expected.now)).to.deep.equal(expected.left);
      }),
      { numRuns: 1_000 },
    );
  });
});
