import { expect } from 'chai';
import { apply, days, MemoryRows } from '../helpers/memory-rows.js';

const cancelled = { cancelled: true };
const notCancelled = { cancelled: false };

/** A user with a MONTH that renews itself and, beside it, five credits. */
function subscribed(autoRenew = true): MemoryRows {
  const rows = new MemoryRows();
  apply(rows, 'createSubscription', { type: 'MONTH', autoRenew });
  apply(rows, 'createSubscription', { type: 'CREDITS', credits: 5 });
  return rows;
}

const subscriptions = (rows: MemoryRows) =>
  rows.stored.subscriptions.map(({ subscriptionType, isActive, autoRenew, endDate, creditsLeft }) => [
    subscriptionType,
    isActive,
    autoRenew,
    endDate ?? creditsLeft,
  ]);

describe('cancelSubscription', () => {
  it('stops the renewal; access stays until the end', () => {
    const rows = subscribed();
    expect(apply(rows, 'cancelSubscription', {}, { at: days(5) })).to.deep.equal(cancelled);
    expect(subscriptions(rows)).to.deep.equal([
      ['MONTH', true, false, days(30)],
      ['CREDITS', true, false, 5],
    ]);
    expect(apply(rows, 'consumeAccess', {}, { at: days(29) })).to.include({ accessType: 'subscription' });
    expect(apply(rows, 'consumeAccess', {}, { at: days(30) })).to.include({ accessType: 'credits' });
  });

  it('immediately: access ends now', () => {
    const rows = subscribed();
    expect(apply(rows, 'cancelSubscription', { immediately: true }, { at: days(5) })).to.deep.equal(cancelled);
    expect(subscriptions(rows)).to.deep.equal([
      ['MONTH', false, false, days(5)],
      ['CREDITS', true, false, 5],
    ]);
    expect(apply(rows, 'consumeAccess', {}, { at: days(5) })).to.include({ accessType: 'credits' });
  });

  it('immediately also ends one that would not have renewed itself, or was cancelled before', () => {
    const rows = subscribed(false);
    expect(apply(rows, 'cancelSubscription', { immediately: true })).to.deep.equal(cancelled);
    const cancelledBefore = subscribed();
    apply(cancelledBefore, 'cancelSubscription', {});
    expect(apply(cancelledBefore, 'cancelSubscription', { immediately: true })).to.deep.equal(cancelled);
  });

  it('says when there is nothing to stop', () => {
    expect(apply(new MemoryRows(), 'cancelSubscription', {})).to.deep.equal(notCancelled);
    expect(apply(new MemoryRows(), 'cancelSubscription', { immediately: true })).to.deep.equal(notCancelled);
    expect(apply(subscribed(false), 'cancelSubscription', {})).to.deep.equal(notCancelled);

    const rows = subscribed();
    apply(rows, 'cancelSubscription', {});
    expect(apply(rows, 'cancelSubscription', {})).to.deep.equal(notCancelled);
  });

  it('does not cancel what has run out', () => {
    const rows = subscribed();
    expect(apply(rows, 'cancelSubscription', { immediately: true }, { at: days(30) })).to.deep.equal(notCancelled);
    expect(subscriptions(rows)[0]).to.deep.equal(['MONTH', true, true, days(30)]);
  });

  it('names a type: that one is meant, and no other', () => {
    const rows = subscribed();
    expect(apply(rows, 'cancelSubscription', { type: 'YEAR', immediately: true })).to.deep.equal(notCancelled);
    expect(apply(rows, 'cancelSubscription', { type: 'MONTH' })).to.deep.equal(cancelled);
    expect(subscriptions(rows)).to.deep.equal([
      ['MONTH', true, false, days(30)],
      ['CREDITS', true, false, 5],
    ]);
  });

  it('without a type means the running one, whether month or year', () => {
    const rows = subscribed();
    apply(rows, 'createSubscription', { type: 'YEAR', autoRenew: true });
    expect(apply(rows, 'cancelSubscription', {})).to.deep.equal(cancelled);
    expect(rows.stored.subscriptions.at(-1)).to.include({ subscriptionType: 'YEAR', autoRenew: false });
  });

  it('gives up credits only when they are named, and immediately', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 5 });
    expect(apply(rows, 'cancelSubscription', { immediately: true })).to.deep.equal(notCancelled);
    expect(apply(rows, 'cancelSubscription', { type: 'CREDITS' })).to.deep.equal(notCancelled);
    expect(apply(rows, 'consumeAccess', {})).to.include({ accessType: 'credits', left: 4 });

    expect(apply(rows, 'cancelSubscription', { type: 'CREDITS', immediately: true })).to.deep.equal(cancelled);
    expect(apply(rows, 'consumeAccess', {})).to.include({ granted: false });
  });

  it('hands nothing of what was given up to the next one', () => {
    const rows = subscribed();
    apply(rows, 'cancelSubscription', { immediately: true }, { at: days(5) });
    apply(rows, 'cancelSubscription', { type: 'CREDITS', immediately: true }, { at: days(5) });
    const month = apply(rows, 'createSubscription', { type: 'MONTH' }, { at: days(6) });
    expect(month).to.deep.include({ endDate: days(36) });
    const credits = apply(rows, 'createSubscription', { type: 'CREDITS', credits: 3 }, { at: days(6) });
    expect(credits).to.include({ creditsLeft: 3 });
  });

  it('leaves the subscriptions of others', () => {
    const rows = subscribed();
    expect(apply(rows, 'cancelSubscription', { immediately: true }, { telegramId: 2 })).to.deep.equal(notCancelled);
    expect(subscriptions(rows)[0]).to.deep.equal(['MONTH', true, true, days(30)]);
  });
});
