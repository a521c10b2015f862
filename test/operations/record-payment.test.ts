import { expect } from 'chai';
import { defaultSettings } from '../../src/domain/settings.js';
import { ValidationError } from '../../src/errors.js';
import type { PayloadOf } from '../../src/operations/registry.js';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';
import { refusal } from '../helpers/refusal.js';

type Payload = PayloadOf<'recordPayment'>;
type When = NonNullable<Parameters<typeof apply>[3]>;

const notify = (rows: MemoryRows, status: Payload['status'], given: Partial<Payload> = {}, when: When = {}) =>
  apply(
    rows,
    'recordPayment',
    { provider: 'yookassa', paymentId: 'p-1', amount: '990', tariff: 'month', status, ...given },
    when,
  );

describe('recordPayment', () => {
  it('keeps what the provider reported', () => {
    const rows = new MemoryRows();
    const details = { description: 'Подписка на месяц', metadata: { order: 7 } };
    expect(notify(rows, 'PENDING', details)).to.deep.equal({ status: 'PENDING', applied: true });
    expect(rows.stored.payments).to.deep.equal([
      {
        id: 1,
        userId: rows.user(1).id,
        subscriptionId: null,
        amount: '990.00',
        currency: 'RUB',
        provider: 'yookassa',
        paymentId: 'p-1',
        status: 'PENDING',
        tariff: 'month',
        description: 'Подписка на месяц',
        metadata: '{"order":7}',
        createdAt: noon,
        updatedAt: noon,
      },
    ]);
  });

  it('grants the tariff when the payment is completed, and answers the subscription', () => {
    const rows = new MemoryRows();
    notify(rows, 'PENDING');
    const completed = { status: 'COMPLETED', applied: true, subscriptionId: 1 };
    expect(notify(rows, 'COMPLETED', {}, { at: days(1) })).to.deep.equal(completed);
    expect(rows.stored.subscriptions).to.have.lengthOf(1);
    const month = { subscriptionType: 'MONTH', startDate: days(1), endDate: days(31), granted: 30, isActive: true };
    expect(rows.stored.subscriptions[0]).to.deep.include({ ...month, autoRenew: false });
    expect(rows.stored.payments[0]).to.deep.include({ createdAt: noon, updatedAt: days(1), subscriptionId: 1 });
  });

  it('lasts until the end of the period that was paid for, however late it is told', () => {
    for (const late of [0, 0.5, 3]) {
      const rows = new MemoryRows();
      notify(rows, 'COMPLETED', { paidUntil: days(30) }, { at: days(late) });
      expect(rows.stored.subscriptions.at(-1)?.endDate).to.deep.equal(days(30));
      notify(rows, 'COMPLETED', { paymentId: 'p-2', paidUntil: days(60) }, { at: days(30 + late) });
      expect(rows.stored.subscriptions.at(-1)?.endDate).to.deep.equal(days(60));
      notify(rows, 'COMPLETED', { paymentId: 'p-3', paidUntil: days(90) }, { at: days(59.9) });
      expect(rows.stored.subscriptions.at(-1)?.endDate, 'renewed before the end').to.deep.equal(days(90));
      notify(rows, 'COMPLETED', { paymentId: 'p-4', paidUntil: days(120) }, { at: days(70) });
      expect(rows.stored.subscriptions.at(-1)?.endDate, 'renewed long before the end').to.deep.equal(days(120));
    }
  });

  it('keeps the days that were there when a period with an end is paid for', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED');
    notify(rows, 'COMPLETED', { paymentId: 'p-2', paidUntil: days(40) }, { at: days(10) });
    expect(rows.stored.subscriptions.at(-1)).to.deep.include({ endDate: days(60), granted: 30 });
    notify(rows, 'REFUNDED', { paymentId: 'p-2', paidUntil: days(40) }, { at: days(12) });
    expect(rows.stored.subscriptions.at(-1)).to.deep.include({ endDate: days(30), isActive: true });
  });

  it('takes back the rest of a period with an end', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED', { paidUntil: days(30) }, { at: days(0.6) });
    notify(rows, 'REFUNDED', { paidUntil: days(30) }, { at: days(0.7) });
    expect(rows.stored.subscriptions).to.have.lengthOf(1);
    expect(rows.stored.subscriptions[0]).to.deep.include({ endDate: days(0.7), isActive: false });
  });

  it('opens nothing for a period that is over', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED', { paidUntil: days(-1) });
    expect(rows.stored.subscriptions[0]).to.deep.include({ endDate: days(-1), isActive: false, granted: 0 });
  });

  it('counts the credits of a tariff of credits, whatever period is named', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED', { tariff: 'credits_5', paidUntil: days(30) });
    expect(rows.stored.subscriptions[0]).to.deep.include({ endDate: null, creditsLeft: 5 });
  });

  it('leaves the renewal of the subscription that it prolongs as it was', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'MONTH', autoRenew: true });
    notify(rows, 'COMPLETED', {}, { at: days(1) });
    expect(rows.stored.subscriptions.map(({ autoRenew }) => autoRenew)).to.deep.equal([true, true]);
    apply(rows, 'cancelSubscription', {}, { at: days(2) });
    notify(rows, 'COMPLETED', { paymentId: 'p-2' }, { at: days(3) });
    expect(rows.stored.subscriptions.at(-1)).to.include({ isActive: true, autoRenew: false });
  });

  it('renews nothing for a payment that comes after the end', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'MONTH', autoRenew: true });
    notify(rows, 'COMPLETED', {}, { at: days(31) });
    expect(rows.stored.subscriptions.at(-1)).to.deep.include({ endDate: days(61), autoRenew: false });
  });

  it('leaves the renewal to what createSubscription says, which is none unless it says so', () => {
    const rows = new MemoryRows();
    for (const given of [{ autoRenew: true }, {}]) apply(rows, 'createSubscription', { type: 'MONTH', ...given });
    expect(rows.stored.subscriptions.map(({ autoRenew }) => autoRenew)).to.deep.equal([true, false]);
  });

  it('answers a repeated notification with what is, and says that it changed nothing', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED');
    const before = structuredClone(rows.stored);
    const repeated = { status: 'COMPLETED', applied: false, subscriptionId: 1 };
    expect(notify(rows, 'COMPLETED', {}, { at: days(1) })).to.deep.equal(repeated);
    expect(notify(rows, 'PENDING', { amount: '1', tariff: 'year' }, { at: days(1) })).to.deep.equal(repeated);
    expect(rows.stored).to.deep.equal(before);
  });

  it('records a refund that it never saw paid, and grants nothing for what comes after', () => {
    const rows = new MemoryRows();
    expect(notify(rows, 'REFUNDED')).to.deep.equal({ status: 'REFUNDED', applied: true });
    expect(notify(rows, 'COMPLETED')).to.deep.equal({ status: 'REFUNDED', applied: false });
    expect(rows.stored.subscriptions).to.deep.equal([]);
  });

  it('tells payments apart by provider and by id', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED');
    expect(notify(rows, 'COMPLETED', { provider: 'stars' })).to.include({ applied: true, subscriptionId: 2 });
    expect(notify(rows, 'COMPLETED', { paymentId: 'P-1' })).to.include({ applied: true, subscriptionId: 3 });
  });

  it('grants credits for credits_N', () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED', { tariff: 'credits_5' });
    expect(rows.stored.subscriptions[0]).to.include({ subscriptionType: 'CREDITS', creditsLeft: 5, granted: 5 });
  });

  it('grants what the installation says of a tariff', () => {
    const rows = new MemoryRows();
    const tariffs = { week: { type: 'MONTH' as const, durationDays: 7 } };
    notify(rows, 'COMPLETED', { tariff: 'week' }, { settings: { ...defaultSettings, tariffs } });
    expect(rows.stored.subscriptions[0]?.endDate).to.deep.equal(days(7));
  });

  for (const tariff of ['unheard-of', 'credits_0', 'constructor', '__proto__', 'Month']) {
    it(`books a payment for "${tariff}", which nobody knows, with a warning and without a grant`, () => {
      const rows = new MemoryRows();
      expect(notify(rows, 'COMPLETED', { tariff })).to.deep.equal({
        status: 'COMPLETED',
        applied: true,
        warning: `unknown tariff "${tariff}": nothing was granted`,
      });
      expect(rows.stored.subscriptions).to.deep.equal([]);
      expect(rows.stored.payments[0]).to.include({ status: 'COMPLETED', tariff, subscriptionId: null });
      expect(notify(rows, 'REFUNDED', { tariff })).to.deep.equal({ status: 'REFUNDED', applied: true });
    });
  }

  it('refuses a known payment in another currency, and changes nothing', () => {
    const rows = new MemoryRows();
    notify(rows, 'PENDING');
    const before = structuredClone(rows.stored);
    const problems = refusal(() => notify(rows, 'COMPLETED', { currency: 'USD' }));
    expect(problems.join()).to.equal(
      "recordPayment.currency: USD, but this payment was recorded in RUB: check the provider's notification",
    );
    expect(() => notify(rows, 'COMPLETED', { currency: 'USD' })).to.throw(ValidationError);
    expect(rows.stored).to.deep.equal(before);
  });

  it("changes nothing under another user's id, and grants them nothing", () => {
    const rows = new MemoryRows();
    notify(rows, 'PENDING');
    const before = structuredClone(rows.stored);
    for (const status of ['COMPLETED', 'FAILED', 'REFUNDED'] as const) {
      const other = notify(rows, status, {}, { telegramId: 2 });
      expect(other).to.deep.equal({ status: 'PENDING', applied: false });
    }
    expect(rows.stored).to.deep.equal(before);
  });

  it("does not take anyone's subscription back under another user's id", () => {
    const rows = new MemoryRows();
    notify(rows, 'COMPLETED');
    notify(rows, 'COMPLETED', { paymentId: 'p-2' }, { telegramId: 2 });
    expect(notify(rows, 'REFUNDED', {}, { telegramId: 2 })).to.include({ status: 'COMPLETED', applied: false });
    expect(rows.stored.subscriptions.map(({ isActive }) => isActive)).to.deep.equal([true, true]);
  });

  it('does not move the last change back when notifications arrive out of order', () => {
    const rows = new MemoryRows();
    notify(rows, 'PENDING', {}, { at: days(2) });
    notify(rows, 'COMPLETED', {}, { at: days(1) });
    expect(rows.stored.payments[0]).to.deep.include({ createdAt: days(2), updatedAt: days(2) });
  });
});
