import type { Database } from '../../src/database.js';
import type { FreshDatabase } from '../helpers/databases.js';

/** That many users with a MONTH each, which ends at this moment. */
export async function insertEnding({ database }: FreshDatabase, count: number, end: Date): Promise<void> {
  const time = database.dialect === 'postgres' ? end.toISOString() : `${end.toISOString().replace(/[TZ]/g, ' ')}+00:00`;
  const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`;
  await database.sequelize.query(
    `${numbers} INSERT INTO users (telegram_id, registration_date, last_activity) SELECT n, '${time}', '${time}' FROM numbers`,
  );
  await database.sequelize.query(
    `INSERT INTO subscriptions (user_id, subscription_type, start_date, end_date)
     SELECT id, 'MONTH', '${time}', '${time}' FROM users`,
  );
}

/** The same database, with a note of how many rows each statement took or gave. */
export function countRows(
  { database }: FreshDatabase,
  counts: number[],
  onCommit = () => {},
): Pick<Database, 'transaction'> {
  return {
    async transaction(work) {
      const result = await database.transaction((session) =>
        work({
          dialect: session.dialect,
          send: (statement, values, onRows) => session.send(statement, values, onRows),
          async query(statement, values) {
            const rows = await session.query(statement, values);
            counts.push(rows.length, ...values.map((value) => (Array.isArray(value) ? value.length : 0)));
            return rows;
          },
        }),
      );
      onCommit();
      return result;
    },
  };
}
