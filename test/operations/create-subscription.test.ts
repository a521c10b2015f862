import { expect } from 'chai';
import { apply, days, MemoryRows } from '../helpers/memory-rows.js';

describe('createSubscription', () => {
  it('answers what it created', () => {
    const rows = new MemoryRows();
    const month = apply(rows, 'createSubscription', { type: 'MONTH' });
    expect(month).to.deep.equal({ subscriptionId: 1, endDate: days(30), creditsLeft: null });
    const credits = apply(rows, 'createSubscription', { type: 'CREDITS', credits: 5 });
    expect(credits).to.deep.equal({ subscriptionId: 2, endDate: null, creditsLeft: 5 });
  });

  it('does not renew itself unless told to', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'MONTH' });
    apply(rows, 'createSubscription', { type: 'MONTH', autoRenew: true });
    expect(rows.stored.subscriptions.map(({ autoRenew }) => autoRenew)).to.deep.equal([false, true]);
  });

  it('carries the days over that are left, however often it is bought', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'MONTH' });
    apply(rows, 'createSubscription', { type: 'MONTH' }, { at: days(3) });
    const third = apply(rows, 'createSubscription', { type: 'YEAR' }, { at: days(4) });
    expect(third).to.deep.include({ endDate: days(30 + 30 + 365) });
  });

  it('carries the credits over that are left', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 5 });
    apply(rows, 'consumeAccess', {});
    expect(apply(rows, 'createSubscription', { type: 'CREDITS', credits: 10 })).to.include({ creditsLeft: 14 });
  });

  it('starts with the credits bought when none are left', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 1 });
    apply(rows, 'consumeAccess', {});
    expect(apply(rows, 'createSubscription', { type: 'CREDITS', credits: 10 })).to.include({ creditsLeft: 10 });
  });

  it('leaves one active subscription of each kind', () => {
    const rows = new MemoryRows();
    for (const type of ['MONTH', 'YEAR', 'MONTH'] as const) apply(rows, 'createSubscription', { type });
    for (const credits of [5, 10]) apply(rows, 'createSubscription', { type: 'CREDITS', credits });
    const active = rows.stored.subscriptions.filter(({ isActive }) => isActive);
    expect(active.map(({ subscriptionType }) => subscriptionType)).to.deep.equal(['MONTH', 'CREDITS']);
    expect(rows.stored.subscriptions).to.have.lengthOf(5);
  });
});
