import { expect } from 'chai';
import { openRepositories } from '../../src/repositories/index.js';
import { insertUser } from '../factories.js';
import { freshDatabase } from '../helpers/databases.js';

describe('the training history in a large or old database', () => {
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
