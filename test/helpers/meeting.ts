import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import type { Database, SqlSession } from '../../src/database.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { until } from './until.js';

/**
 * Commits units; right before their first statement that begins with `statement`, something else happens: what another
 * worker does between our look and our write.
 *
 * @param database one of its own, which is not of use for anything else afterwards
 */
export async function commitWhile(
  database: Database,
  units: readonly CheckedUnit[],
  statement: string,
  meanwhile: () => Promise<unknown>,
): Promise<UnitResult[]> {
  const transaction = database.transaction.bind(database);
  let met = false;
  database.transaction = <T>(work: (session: SqlSession) => Promise<T>) =>
    transaction((session) =>
      work({
        dialect: session.dialect,
        async query(sql, values) {
          if (!met && sql.text.startsWith(statement)) {
            met = true;
            await meanwhile();
          }
          return session.query(sql, values);
        },
      }),
    );
  const results = await new Committer(database).commit(units);
  expect(met, 'both met').to.equal(true);
  return results;
}

/** Waits until somebody on this PostgreSQL database waits for a lock. */
export async function someoneWaits({ sequelize }: Database): Promise<void> {
  const sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  const waiting = () => sequelize.query(sql, { type: QueryTypes.SELECT });
  await until(async () => (await waiting()).length > 0, { what: 'somebody waits for a lock' });
}
