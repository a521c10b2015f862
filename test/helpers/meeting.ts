import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import type { Database, SqlSession, Statement } from '../../src/database.js';
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
  let met = false;
  beforeEachStatement(database, async ({ text }) => {
    if (met || !text.startsWith(statement)) return;
    met = true;
    await meanwhile();
  });
  const results = await new Committer(database).commit(units);
  expect(met, 'both met').to.equal(true);
  return results;
}

/** From now on something happens before each statement of the database's transactions; those after it wait for it. */
export function beforeEachStatement(database: Database, happen: (statement: Statement) => Promise<void>): void {
  const transaction = database.transaction.bind(database);
  database.transaction = <T>(work: (session: SqlSession) => Promise<T>) =>
    transaction(async (session) => {
      let turn: Promise<unknown> = Promise.resolve();
      const inTurn = <R>(statement: Statement, go: () => R | Promise<R>): Promise<R> => {
        const mine = turn.then(() => happen(statement)).then(go);
        turn = mine.catch(() => undefined);
        return mine;
      };
      const result = await work({
        dialect: session.dialect,
        query: (statement, values) => inTurn(statement, () => session.query(statement, values)),
        send: (statement, values, onRows) => void inTurn(statement, () => session.send(statement, values, onRows)),
      });
      await turn;
      return result;
    });
}

/** Waits until somebody on this PostgreSQL database waits for a lock. */
export async function someoneWaits({ sequelize }: Database): Promise<void> {
  const sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  const waiting = () => sequelize.query(sql, { type: QueryTypes.SELECT });
  await until(async () => (await waiting()).length > 0, { what: 'somebody waits for a lock' });
}
