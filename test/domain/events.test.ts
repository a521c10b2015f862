import { expect } from 'chai';
import { type BotEvent, type EventType, eventPayloads, eventTypes, fulfils } from '../../src/domain/events.js';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';

const notification = {
  provider: 'yookassa',
  paymentId: 'p-1',
  amount: '990',
  status: 'COMPLETED' as const,
  tariff: 'month',
};

/** What the bots are told of, as they get it. */
function toldOf(rows: MemoryRows): [string, unknown][] {
  return rows.stored.outbox.map(({ type, payload }) => {
    const read = JSON.parse(JSON.stringify(payload));
    expect(eventPayloads[type as EventType].parse(read)).to.deep.equal(read);
    return [type, read];
  });
}

describe('the rules tell the bots', () => {
  let rows: MemoryRows;
  beforeEach(() => {
    rows = new MemoryRows();
  });

  it('of the moment, the bot and the user', () => {
    apply(rows, 'addXp', { xp: 1 });
    apply(rows, 'awardBadge', { badgeType: 'guru' }, { telegramId: 2, bot: 'quiz_bot', at: days(1) });
    expect(rows.stored.outbox.map(({ payload: _, ...row }) => row)).to.deep.include({
      id: 1,
      userId: 2,
      botName: 'quiz_bot',
      type: 'badge.awarded',
      createdAt: days(1),
      deliveredAt: null,
    });
  });

  it('of each level that is reached, however it is, and of no other', () => {
    apply(rows, 'addXp', { xp: 99 });
    apply(rows, 'addXp', { xp: 1 });
    apply(rows, 'addXp', { xp: -50 });
    apply(rows, 'completeTraining', { score: 250 });
    apply(rows, 'setLevel', { level: 4 });
    apply(rows, 'setLevel', { level: 9 });
    apply(rows, 'setLevel', { level: 2 });
    expect(toldOf(rows)).to.deep.equal([
      ['user.leveledUp', { oldLevel: 1, newLevel: 2, totalXp: 100 }],
      ['user.leveledUp', { oldLevel: 2, newLevel: 4, totalXp: 300 }],
      ['user.leveledUp', { oldLevel: 4, newLevel: 9, totalXp: 300 }],
    ]);
  });

  it('of a badge once, and again when it was revoked in between', () => {
    apply(rows, 'awardBadge', { badgeType: 'guru' });
    apply(rows, 'awardBadge', { badgeType: 'guru' });
    apply(rows, 'revokeBadge', { badgeType: 'guru' });
    apply(rows, 'awardBadge', { badgeType: 'guru' });
    const event = ['badge.awarded', { badgeType: 'guru' }];
    expect(toldOf(rows)).to.deep.equal([event, event]);
  });

  it('of a payment when it is completed and refunded, as it was first recorded, and of no repetition', () => {
    for (const status of ['PENDING', 'FAILED', 'COMPLETED', 'COMPLETED', 'REFUNDED', 'REFUNDED', 'PENDING'] as const) {
      const amount = status === 'COMPLETED' ? '1' : '990';
      apply(rows, 'recordPayment', { ...notification, amount, status });
    }
    const { provider, paymentId, tariff } = notification;
    const payload = { provider, paymentId, amount: '990.00', currency: 'RUB', tariff, subscriptionId: 1 };
    expect(toldOf(rows)).to.deep.equal([
      ['payment.completed', payload],
      ['payment.refunded', payload],
    ]);
  });

  it('of a payment for an unknown tariff that it granted nothing', () => {
    apply(rows, 'recordPayment', { ...notification, tariff: 'gold' });
    expect(toldOf(rows)).to.have.nested.property('[0][1].subscriptionId', null);
  });

  it('of credits that are used up, with the last of them', () => {
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 2 });
    apply(rows, 'consumeAccess', {});
    expect(toldOf(rows)).to.deep.equal([]);
    apply(rows, 'consumeAccess', {});
    apply(rows, 'consumeAccess', {});
    expect(toldOf(rows)).to.deep.equal([
      ['subscription.expired', { subscriptionId: 1, subscriptionType: 'CREDITS', endDate: null, autoRenew: false }],
    ]);
  });

  it('of nothing else', () => {
    apply(rows, 'touchUser', { username: 'johndoe' });
    apply(rows, 'createSubscription', { type: 'MONTH' }, { at: noon });
    apply(rows, 'consumeAccess', {});
    apply(rows, 'cancelSubscription', { immediately: true });
    apply(rows, 'addFreeTrainings', { count: 1, source: 'ADMIN' });
    apply(rows, 'consumeAccess', {});
    expect(toldOf(rows)).to.deep.equal([]);
  });
});

describe('a wish', () => {
  const event = (type: EventType, bot: string | null) => ({ type, bot }) as BotEvent;

  it('for a type means that type, and * all of them', () => {
    const badge = event('badge.awarded', 'spin_bot');
    expect(fulfils(badge, 'spin_bot', { type: 'badge.awarded', from: 'own' })).to.equal(true);
    expect(fulfils(badge, 'spin_bot', { type: 'user.leveledUp', from: 'own' })).to.equal(false);
    for (const type of eventTypes) {
      expect(fulfils(event(type, 'spin_bot'), 'spin_bot', { type: '*', from: 'own' }), type).to.equal(true);
    }
  });

  it('means what happened in the bot itself, unless it asks for all', () => {
    const badge = event('badge.awarded', 'quiz_bot');
    expect(fulfils(badge, 'spin_bot', { type: '*', from: 'own' })).to.equal(false);
    expect(fulfils(badge, 'spin_bot', { type: '*', from: 'all' })).to.equal(true);
  });

  it('for subscriptions means those that ended in any bot, and by the clock', () => {
    for (const bot of ['quiz_bot', null]) {
      expect(fulfils(event('subscription.expired', bot), 'spin_bot', { type: '*', from: 'own' })).to.equal(true);
    }
  });
});
