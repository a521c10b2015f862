import { expect } from 'chai';
import fc from 'fast-check';
import { addDays } from '../../src/domain/time.js';
import type { TrainingView } from '../../src/domain/views.js';
import { ValidationError } from '../../src/errors.js';
import { TrainingHistory, type User } from '../../src/models/index.js';
import { openRepositories, type Repositories } from '../../src/repositories/index.js';
import { insertPayment, insertPromocode, insertTraining, insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { rejection } from '../helpers/rejection.js';

for (const dialect of dialects) {
  describe(`records on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let repositories: Repositories;
    let user: User;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      repositories = openRepositories(fresh.database);
      user = await insertUser(fresh.database);
    });
    afterEach(() => fresh.close());

    it('give a stranger no payments and no trainings', async () => {
      expect(await repositories.payments.byTelegramId(1)).to.deep.equal([]);
      expect(await repositories.trainings.byTelegramId(1)).to.deep.equal({ trainings: [], next: null });
    });

    it('give payments, latest first, with exact amounts of two places', async () => {
      const amounts = ['0.00', '0.10', '1490.00', '990.50', '0.01', '99999999.99', '12345678.90', '4.35'];
      for (const [day, amount] of amounts.entries()) {
        await insertPayment(fresh.database, user, { amount, createdAt: addDays(NOON, day) });
      }
      await insertPayment(fresh.database, await insertUser(fresh.database));
      const payments = await repositories.payments.byTelegramId(user.telegramId);
      expect(payments.map(({ amount }) => amount)).to.deep.equal(amounts.toReversed());
    });

    it('give all there is to know of a payment', async () => {
      const given = { paymentId: 'p-1', description: 'Month', metadata: { order: 7 }, status: 'PENDING' as const };
      await insertPayment(fresh.database, user, given);
      expect(await repositories.payments.byTelegramId(user.telegramId)).to.deep.equal([
        {
          provider: 'yookassa',
          paymentId: 'p-1',
          amount: '990.00',
          currency: 'RUB',
          status: 'PENDING',
          tariff: 'month',
          description: 'Month',
          metadata: { order: 7 },
          subscriptionId: null,
          createdAt: NOON.toISOString(),
          updatedAt: NOON.toISOString(),
        },
      ]);
    });

    it('give a promocode in any case, with the state that redeeming would find', async () => {
      const { promocodes } = repositories;
      await insertPromocode(fresh.database, { code: 'ЁЛКА', maxUses: 2, currentUses: 1, expiresAt: addDays(NOON, 1) });
      await insertPromocode(fresh.database, { code: 'USED', maxUses: 2, currentUses: 2 });
      expect(await promocodes.byCode('ёлка', NOON)).to.deep.equal({
        code: 'ЁЛКА',
        type: 'CREDITS',
        value: 5,
        state: 'valid',
        maxUses: 2,
        currentUses: 1,
        expiresAt: addDays(NOON, 1).toISOString(),
        createdAt: NOON.toISOString(),
      });
      expect(await promocodes.byCode('ЁЛКА', addDays(NOON, 1))).to.include({ state: 'expired' });
      expect(await promocodes.byCode('used', NOON)).to.include({ state: 'exhausted', maxUses: 2 });
      expect(await promocodes.byCode('none')).to.equal(null);
    });

    /** Everything, page by page; `between` runs before each further page. */
    const allPages = async (limit: number, between = async () => {}) => {
      const seen: TrainingView[] = [];
      let before: string | undefined;
      do {
        const page = await repositories.trainings.byTelegramId(user.telegramId, { limit, before });
        seen.push(...page.trainings);
        before = page.next ?? undefined;
        if (before) await between();
      } while (before);
      return seen;
    };

    it('give trainings, latest first, with all that was kept of them', async () => {
      const { id } = await insertTraining(fresh.database, user, {
        scenarioName: 'spin_sales',
        perTypeCounts: { problem: 3 },
        caseData: { client: 'TechCorp' },
      });
      await insertTraining(fresh.database, user, { trainingDate: addDays(NOON, -1) });
      const { trainings, next } = await repositories.trainings.byTelegramId(user.telegramId);
      expect(next).to.equal(null);
      expect(trainings).to.have.length(2);
      expect(trainings[0]).to.deep.equal({
        id,
        trainingDate: NOON.toISOString(),
        scenarioName: 'spin_sales',
        totalScore: 185,
        clarityLevel: 92,
        questionCount: 8,
        contextualQuestions: 3,
        perTypeCounts: { problem: 3 },
        caseData: { client: 'TechCorp' },
        sessionSnapshot: null,
      });
    });

    it('give each training on exactly one page, whatever the ties and however long the pages', async () => {
      const dates = fc.array(fc.nat({ max: 3 }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(dates, fc.integer({ min: 1, max: 5 }), async (offsets, limit) => {
          await fresh.database.sequelize.getRepository(TrainingHistory).destroy({ where: {} });
          for (const offset of offsets) {
            await insertTraining(fresh.database, user, { trainingDate: new Date(NOON.getTime() + offset) });
          }
          const seen = await allPages(limit);
          const order = seen.map(({ trainingDate, id }) => [trainingDate, id] as const);
          expect(order).to.deep.equal(order.toSorted(([a, i], [b, j]) => b.localeCompare(a) || j - i));
          expect(new Set(seen.map(({ id }) => id)).size).to.equal(offsets.length);
        }),
        { numRuns: 20 },
      );
    });

    it('neither repeat nor hide a training when others are added while somebody turns the pages', async () => {
      for (let index = 0; index < 6; index++) await insertTraining(fresh.database, user);
      const before = (await repositories.trainings.byTelegramId(user.telegramId)).trainings.map(({ id }) => id);
      const seen = await allPages(2, async () => {
        for (const days of [1, 0, -1])
          await insertTraining(fresh.database, user, { trainingDate: addDays(NOON, days) });
      });
      const ids = seen.map(({ id }) => id);
      expect(new Set(ids).size).to.equal(ids.length);
      expect(ids.filter((id) => before.includes(id))).to.deep.equal(before);
    });

    it('start after any training that a cursor names, and give none for one that is gone', async () => {
      await insertTraining(fresh.database, user);
      const last = await insertTraining(fresh.database, user);
      const { next } = await repositories.trainings.byTelegramId(user.telegramId, { limit: 1 });
      await last.destroy();
      const page = await repositories.trainings.byTelegramId(user.telegramId, { before: next ?? '' });
      expect(page).to.deep.equal({ trainings: [], next: null });
    });

    it('refuse what is no cursor', async () => {
      for (const before of ['', 'x', '42', 'YWZ0ZXIgNDI=', 'YWZ0ZXIgMDQy', "' OR 1=1 --", '\0', 'ы'.repeat(50)]) {
        const error = await rejection(repositories.trainings.byTelegramId(user.telegramId, { before }));
        expect(error, before).to.be.instanceOf(ValidationError);
      }
    });
  });
}

describe('the training history on postgres', () => {
  it('keeps its order where dates are finer than milliseconds, as in a database of the old module', async () => {
    const fresh = await freshDatabase('postgres');
    try {
      const user = await insertUser(fresh.database);
      await fresh.database.sequelize.query(`
        INSERT INTO training_history (user_id, telegram_id, training_date, total_score, clarity_level, question_count,
          contextual_questions)
        SELECT ${user.id}, ${user.telegramId}, '2025-01-15 12:00:00.123450+00'::timestamptz
          + (n * 7 % 10) * interval '1 microsecond', n, 0, 0, 0 FROM generate_series(1, 10) AS n`);
      const { trainings } = openRepositories(fresh.database);
      const scores: number[] = [];
      for (let before: string | null | undefined; before !== null; ) {
        const page = await trainings.byTelegramId(user.telegramId, { limit: 3, before });
        scores.push(...page.trainings.map(({ totalScore }) => totalScore));
        before = page.next;
      }
      expect(scores).to.deep.equal(scores.toSorted((a, b) => ((b * 7) % 10) - ((a * 7) % 10)));
      expect(new Set(scores).size).to.equal(10);
    } finally {
      await fresh.close();
    }
  });

  it('turns to a late page by the index', async () => {
    const fresh = await freshDatabase('postgres');
    try {
      const { sequelize } = fresh.database;
      await sequelize.query(`
        INSERT INTO users (telegram_id, registration_date, last_activity) SELECT n, now(), now()
          FROM generate_series(1, 2000) AS n`);
      await sequelize.query(`
        INSERT INTO training_history (user_id, telegram_id, training_date, total_score, clarity_level, question_count,
          contextual_questions)
        SELECT u.id, u.telegram_id, now() - n * interval '1 hour', n, 0, 0, 0
          FROM users AS u, generate_series(1, 20) AS n`);
      await sequelize.query('VACUUM ANALYZE training_history');
      let sql = '';
      sequelize.options.logging = (text) => {
        sql = text.replace(/^Executing \(.*?\): /, '');
      };
      await openRepositories(fresh.database).trainings.byTelegramId(7, { before: cursorOf(15_000) });
      sequelize.options.logging = false;
      const [plan] = await sequelize.query(`EXPLAIN ${sql}`);
      expect(JSON.stringify(plan))
        .to.match(/training_history_user .*Index Cond: \(\(user_id = [^"]* AND \(ROW\(training_date, id\) </)
        .and.not.include('Seq Scan');
    } finally {
      await fresh.close();
    }
  });
});

const cursorOf = (id: number) => Buffer.from(`after ${id}`).toString('base64url');
