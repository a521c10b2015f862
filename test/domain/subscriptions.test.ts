import { expect } from 'chai';
import { type Grant, grantSubscription } from '../../src/domain/subscriptions.js';
import { days, MemoryRows, noon } from '../helpers/memory-rows.js';

function grant(rows: MemoryRows, given: Partial<Grant>, at = noon) {
  return grantSubscription(rows, rows.user(1), at, { type: 'MONTH', credits: 0, autoRenew: false, ...given });
}

const active = (rows: MemoryRows) => rows.stored.subscriptions.filter(({ isActive }) => isActive);

describe('granting a subscription', () => {
  it('lasts 30 days for a month and 365 for a year, unless told otherwise', () => {
    expect(grant(new MemoryRows(), { type: 'MONTH' }).endDate).to.deep.equal(days(30));
    expect(grant(new MemoryRows(), { type: 'YEAR' }).endDate).to.deep.equal(days(365));
    expect(grant(new MemoryRows(), { type: 'MONTH', durationDays: 7 }).endDate).to.deep.equal(days(7));
  });

  it('starts now and says whether it renews itself', () => {
    const rows = new MemoryRows();
    expect(grant(rows, { autoRenew: true })).to.include({ subscriptionType: 'MONTH', isActive: true, autoRenew: true });
    expect(rows.stored.subscriptions[0]?.startDate).to.deep.equal(noon);
  });

  it('adds the days that are left of the one that runs', () => {
    const rows = new MemoryRows();
    grant(rows, { type: 'MONTH' });
    expect(grant(rows, { type: 'YEAR' }, days(10)).endDate).to.deep.equal(days(30 + 365));
    expect(active(rows)).to.have.lengthOf(1);
    expect(active(rows)[0]).to.include({ subscriptionType: 'YEAR' });
  });

  it('starts anew from now when the last one has run out', () => {
    const rows = new MemoryRows();
    grant(rows, { durationDays: 5 });
    expect(grant(rows, { durationDays: 5 }, days(20)).endDate).to.deep.equal(days(25));
    expect(active(rows)).to.have.lengthOf(1);
  });

  it('gives nothing of a subscription that was ended to the next one', () => {
    const rows = new MemoryRows();
    Object.assign(grant(rows, {}), { isActive: false });
    expect(grant(rows, { durationDays: 5 }).endDate).to.deep.equal(days(5));
  });

  it('adds the credits that are left to new ones, and counts both as the total', () => {
    const rows = new MemoryRows();
    grant(rows, { type: 'CREDITS', credits: 5 }).creditsLeft = 2;
    expect(grant(rows, { type: 'CREDITS', credits: 10 })).to.include({
      creditsTotal: 12,
      creditsLeft: 12,
      endDate: null,
    });
    expect(active(rows)).to.have.lengthOf(1);
  });

  it('lets one with an end and one of credits run side by side', () => {
    const rows = new MemoryRows();
    grant(rows, { type: 'CREDITS', credits: 5 });
    grant(rows, { type: 'MONTH' });
    grant(rows, { type: 'YEAR' });
    grant(rows, { type: 'CREDITS', credits: 5 });
    expect(active(rows).map(({ subscriptionType }) => subscriptionType)).to.deep.equal(['YEAR', 'CREDITS']);
  });

  it('takes nothing from another user', () => {
    const rows = new MemoryRows();
    grantSubscription(rows, rows.user(2), noon, { type: 'MONTH', credits: 0, autoRenew: false });
    expect(grant(rows, {}).endDate).to.deep.equal(days(30));
    expect(active(rows)).to.have.lengthOf(2);
  });
});
