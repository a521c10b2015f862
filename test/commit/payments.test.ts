import { expect } from 'chai';
import fc from 'fast-check';
import { QueryTypes } from 'sequelize';
import type { UnitResult } from '../../src/commit/ledger.js';
import type { Database } from '../../src/database.js';
import type { PaymentStatus } from '../../src/domain/rows.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { commitInBatches, outcomeOf } from '../helpers/commit-batches.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { statusMachine } from '../helpers/entitlements.js';
import { unitOf } from '../helpers/units.js';

type Statuses = readonly PaymentStatus[];

/** Every order of these, once each. */
function ordersOf(statuses: Statuses): Statuses[] {
  if (statuses.length === 0) return [[]];
  const orders = statuses.flatMap((status, index) =>
    ordersOf(statuses.toSpliced(index, 1)).map((rest) => [status, ...rest]),
  );
  return [...new Map(orders.map((order) => [order.join(), order])).values()];
}

const everyOrder = ordersOf(['PENDING', 'COMPLETED', 'COMPLETED', 'FAILED', 'REFUNDED']);

let users = 0;

/** Users with one payment each, whose notifications come in these orders. */
const usersWith = (orders: readonly Statuses[]) => new Map(orders.map((order) => [++users, order]));

/** One notification of a user's payment. */
function notification(telegramId: number, status: PaymentStatus, index: number): CheckedUnit {
  const payment = { provider: 'yookassa', paymentId: `of-${telegramId}`, amount: '990', tariff: 'month' };
  return unitOf({ name: 'recordPayment', telegramId, ...payment, status }, { key: `${telegramId}-${index}` });
}

const notifications = (orders: Map<number, Statuses>) =>
  [...orders].map(([user, order]) => order.map((status, index) => notification(user, status, index)));

for (const dialect of dialects) {
  describe(`Notifications of a payment on ${dialect}`, function () {
    this.timeout(60_000);
    let fresh: FreshDatabase;
    before(async () => {
      fresh = await freshDatabase(dialect);
    });
    after(() => fresh.close());

    it('are tried in all orders', () => {
      expect(everyOrder).to.have.lengthOf(60);
    });

    it('end where the status machine says, in every order, all in one batch', async () => {
      const orders = usersWith(everyOrder);
      const results = await commitInBatches(fresh.database, notifications(orders).flat(), { nextSize: () => 1_000 });
      await expectEnds(fresh.database, orders, results);
    });

    it('end where the status machine says, in every order, one by one', async () => {
      const orders = usersWith(everyOrder);
      await expectEnds(fresh.database, orders, await commitInBatches(fresh.database, notifications(orders).flat()));
    });

    it('end there with any repetitions, of several payments by turns, in batches of any size', async () => {
      const status = fc.constantFrom<PaymentStatus[]>('PENDING', 'COMPLETED', 'FAILED', 'REFUNDED');
      const order = fc.array(status, { minLength: 1, maxLength: 10 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(order, { minLength: 1, maxLength: 6 }),
          fc.infiniteStream(fc.nat()),
          async (list, pick) => {
            const nextPick = () => pick.next().value;
            const orders = usersWith(list);
            const units = byTurns(notifications(orders), nextPick);
            const results = await commitInBatches(fresh.database, units, { nextSize: () => 1 + (nextPick() % 12) });
            await expectEnds(fresh.database, orders, results);
          },
        ),
        { numRuns: 60 },
      );
    });

    it('answer what they answered first when they are sent again, wherever the payment went since', async () => {
      const orders = usersWith([['PENDING', 'COMPLETED', 'REFUNDED']]);
      const units = notifications(orders).flat();
      const first = await commitInBatches(fresh.database, units);
      const again = await commitInBatches(fresh.database, [...units].reverse(), { nextSize: () => 2 });
      for (const { key } of units) expect(outcomeOf(again.get(key))).to.deep.equal(outcomeOf(first.get(key)));
      await expectEnds(fresh.database, orders, again);
    });
  });
}

/** What each notification must answer, and where each payment must end, by a machine that shares nothing with ours. */
async function expectEnds(
  database: Database,
  orders: Map<number, Statuses>,
  results: Map<string, UnitResult>,
): Promise<void> {
  const stored = await readPayments(database);
  for (const [telegramId, order] of orders) {
    const machine = statusMachine();
    const steps = order.map((status) => machine(status));
    const answers = order.map((_, index) => outcomeOf(results.get(`${telegramId}-${index}`)));
    expect(
      answers.map(({ status, applied }) => ({ status, applied })),
      order.join(),
    ).to.deep.equal(steps);

    const end = steps.at(-1)?.status;
    const granted = steps.some(({ applied, status }) => applied && status === 'COMPLETED') ? 1 : 0;
    const active = end === 'COMPLETED' ? 1 : 0;
    expect(stored.get(telegramId), order.join()).to.deep.equal({ status: end, granted, linked: granted, active });
  }
}

/** By user: where the payment stands, and the subscriptions that there are, that it names, and that are active. */
async function readPayments({ sequelize }: Database): Promise<Map<number, object>> {
  const rows = await sequelize.query<{ telegram_id: number; status: string } & Record<string, unknown>>(
    `SELECT u.telegram_id, p.status, COUNT(s.id) AS granted, COUNT(p.subscription_id) AS linked,
       COUNT(CASE WHEN s.is_active THEN 1 END) AS active
     FROM payments p JOIN users u ON u.id = p.user_id LEFT JOIN subscriptions s ON s.user_id = u.id
     GROUP BY u.telegram_id, p.status`,
    { type: QueryTypes.SELECT },
  );
  return new Map(rows.map(({ telegram_id, ...payment }) => [telegram_id, payment]));
}

/** One sequence out of several; each keeps its own order. */
function byTurns<T>(queues: T[][], pick: () => number): T[] {
  const merged: T[] = [];
  for (let waiting = queues; waiting.length > 0; waiting = waiting.filter(({ length }) => length > 0)) {
    merged.push((waiting[pick() % waiting.length] as T[]).shift() as T);
  }
  return merged;
}
