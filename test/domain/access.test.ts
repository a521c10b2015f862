import { expect } from 'chai';
import { findAccess, isRunning } from '../../src/domain/access.js';
import type { FreeTrainingRow, SubscriptionRow } from '../../src/domain/rows.js';
import { days, noon } from '../helpers/memory-rows.js';

function subscription(given: Partial<SubscriptionRow>): SubscriptionRow {
  const row = {
    id: 1,
    userId: 1,
    subscriptionType: 'MONTH' as const,
    startDate: days(-30),
    autoRenew: false,
    granted: 30,
  };
  return { ...row, endDate: days(1), isActive: true, creditsTotal: null, creditsLeft: null, ...given };
}

const credits = (creditsLeft: number, given: Partial<SubscriptionRow> = {}) =>
  subscription({ subscriptionType: 'CREDITS', endDate: null, creditsTotal: 5, creditsLeft, ...given });

const free = (trainingsLeft: number, source: FreeTrainingRow['source'] = 'CHANNEL'): FreeTrainingRow => ({
  userId: 1,
  source,
  trainingsLeft,
  createdAt: noon,
});

describe('a subscription with an end', () => {
  it('runs until its end, and not at its end', () => {
    expect(isRunning(subscription({ endDate: new Date(noon.getTime() + 1) }), noon)).to.equal(true);
    expect(isRunning(subscription({ endDate: noon }), noon)).to.equal(false);
  });

  it('does not run once it was ended, nor do credits run', () => {
    expect(isRunning(subscription({ isActive: false }), noon)).to.equal(false);
    expect(isRunning(credits(5), noon)).to.equal(false);
  });
});

describe('the next access', () => {
  const kindOf = (subscriptions: SubscriptionRow[], trainings: FreeTrainingRow[] = []) =>
    findAccess(subscriptions, trainings, noon)?.accessType;

  it('comes from the running subscription first, then from credits, then from free trainings', () => {
    expect(kindOf([credits(1), subscription({})], [free(1)])).to.equal('subscription');
    expect(kindOf([credits(1), subscription({ endDate: days(-1) })], [free(1)])).to.equal('credits');
    expect(kindOf([credits(0), subscription({ endDate: days(-1) })], [free(1)])).to.equal('free_trainings');
  });

  it('comes from nowhere when nothing is left', () => {
    expect(kindOf([])).to.equal(undefined);
    expect(kindOf([credits(0)], [free(0)])).to.equal(undefined);
    expect(kindOf([credits(3, { isActive: false })])).to.equal(undefined);
  });

  it('comes from the oldest free trainings that have any left', () => {
    const rows = [free(0, 'CHANNEL'), free(2, 'ADMIN'), free(1, 'PROMOCODE')];
    expect(findAccess([], rows, noon)?.from).to.equal(rows[1]);
  });
});
