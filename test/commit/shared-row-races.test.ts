import { expect } from 'chai';
import { Committer } from '../../src/commit/committer.js';
import { Database } from '../../src/database.js';
import { Payment, Promocode, PromocodeUsage, Subscription } from '../../src/models/index.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { outcomeOf } from '../helpers/commit-batches.js';
import { commitWhile, someoneWaits } from '../helpers/meeting.js';
import { unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const create = (value: number, key: string) =>
  unitOf({ name: 'createPromocode', code: 'NEW', type: 'TRAININGS', value, maxUses: 1 }, { key });
const redeem = (telegramId: number) => unitOf({ name: 'redeemPromocode', telegramId, code: 'new' });

const payment = { provider: 'yookassa', paymentId: 'p-1', amount: '990', tariff: 'month' };
const pay = (telegramId: number, status: string) => unitOf({ name: 'recordPayment', telegramId, ...payment, status });

describe('Two workers on PostgreSQL that meet at a row of nobody', () => {
  const on = eachOn(variants[1]);
  const rows = (model: typeof Payment | typeof Promocode | typeof PromocodeUsage | typeof Subscription) =>
    on.database.sequelize.getRepository(model as typeof Payment).findAll();
  const commit = async (...units: CheckedUnit[]) =>
    (await new Committer(on.open(Database)).commit(units)).map(outcomeOf);
  const meet = async (ours: CheckedUnit, statement: string, meanwhile: () => Promise<unknown>) => {
    const [result] = await commitWhile(on.open(Database), [ours], statement, meanwhile);
    return outcomeOf(result);
  };

  /** Commits ours, and theirs as soon as ours holds its locks. */
  async function meetInLine(ours: CheckedUnit, statement: string, theirs: CheckedUnit) {
    let later: ReturnType<typeof commit> | undefined;
    const first = await meet(ours, statement, async () => {
      later = commit(theirs);
      await someoneWaits(on.database);
    });
    return [first, ...((await later) ?? [])];
  }

  it('create a code: the slower one finds it there, and leaves it', async () => {
    const ours = await meet(create(7, 'ours'), 'INSERT INTO promocodes', () => commit(create(3, 'theirs')));
    expect(ours).to.deep.equal({ created: false });
    expect((await rows(Promocode)).map((row) => row.get('value' as never))).to.deep.equal([3]);
  });

  it('create a code under the same key: both answer that it was created', async () => {
    const ours = await meet(create(3, 'same'), 'INSERT INTO promocodes', () => commit(create(3, 'same')));
    expect(ours).to.deep.equal({ created: true });
    expect(await on.ledger()).to.have.lengthOf(1);
  });

  it('redeem the last use of a code: the slower one waits, and finds it exhausted', async () => {
    await commit(create(3, 'create'));
    expect(await meetInLine(redeem(1), 'UPDATE promocodes', redeem(2))).to.deep.equal([
      { redeemed: true, granted: { type: 'TRAININGS', value: 3 } },
      { redeemed: false, reason: 'exhausted' },
    ]);
    expect(await rows(PromocodeUsage)).to.have.lengthOf(1);
  });

  it("see a payment for the first time, under two users' names: it is one, with one grant", async () => {
    const ours = await meet(pay(1, 'COMPLETED'), 'INSERT INTO payments', () => commit(pay(2, 'COMPLETED')));
    expect(ours).to.include({ status: 'COMPLETED', applied: false });
    expect([await rows(Payment), await rows(Subscription)].map(({ length }) => length)).to.deep.equal([1, 1]);
  });

  it("move a payment on, one of them under another user's name: that one waits, and changes nothing", async () => {
    await commit(pay(1, 'PENDING'));
    const [ours, theirs] = await meetInLine(pay(1, 'COMPLETED'), 'UPDATE payments', pay(2, 'FAILED'));
    expect(ours).to.include({ status: 'COMPLETED', applied: true });
    expect(theirs).to.include({ status: 'COMPLETED', applied: false });
    expect(await rows(Subscription)).to.have.lengthOf(1);
  });
});
