import { expect } from 'chai';
import pg from 'pg';
import { QueryTypes } from 'sequelize';
import { Committer } from '../../src/commit/committer.js';
import { Database, type Row, type Statement } from '../../src/database.js';
import type { WireOperation } from '../../src/operations/unit.js';
import { UserRepository } from '../../src/repositories/user.js';
import { refreshRanks } from '../../src/schedule/refresh-ranks.js';
import { outcomeOf } from '../helpers/commit-batches.js';
import { someoneWaits } from '../helpers/meeting.js';
import { rejection } from '../helpers/rejection.js';
import { unit, unitOf } from '../helpers/units.js';
import { until } from '../helpers/until.js';
import { CountingDatabase, eachOn, variants } from '../helpers/variants.js';

const AT = Date.UTC(2026, 0, 15);

const addXp = (xp: number, key?: string) => unitOf({ name: 'addXp', telegramId: 1, xp }, key ? { key } : {});
const save = (n: number, at = AT + n) => unitOf({ name: 'saveSession', telegramId: 1, session: { n } }, { at });

/** Counts how units are committed, and can fail at it. */
class WatchedDatabase extends CountingDatabase {
  /** Statements that were a transaction by themselves, by whether they wrote anything. */
  readonly alone = { written: 0, inVain: 0 };
  failure: Error | undefined;

  override async write(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    if (this.failure) throw this.failure;
    const rows = await super.write(statement, values);
    this.alone[rows.length > 0 ? 'written' : 'inVain']++;
    return rows;
  }
}

for (const variant of variants.filter(({ dialect }) => dialect === 'postgres')) {
  describe(`A unit that comes alone on ${variant.name}`, () => {
    const on = eachOn(variant);
    let database: WatchedDatabase;
    let committer: Committer;

    beforeEach(() => {
      database = on.open(WatchedDatabase);
      committer = new Committer(database);
    });

    const commit = async (...units: Parameters<Committer['commit']>[0]) =>
      (await committer.commit(units)).map(outcomeOf);

    /** Another worker, with a memory of its own. */
    const elsewhere = async (operation: WireOperation) => {
      const [result] = await new Committer(on.open(Database)).commit([unitOf(operation, { at: AT })]);
      return outcomeOf(result);
    };

    it('is one statement once its user is remembered, and the answers and rows are those of a batch', async () => {
      for (const total of [5, 10, 15, 20]) {
        expect(await commit(addXp(5))).to.deep.equal([{ totalXp: total, oldLevel: 1, newLevel: 1, leveledUp: false }]);
      }
      expect([database.transactions, database.alone]).to.deep.equal([1, { written: 3, inVain: 0 }]);
      const [user] = await on.users();
      expect(user?.totalXp).to.equal(20);
      const ledger = await on.ledger();
      expect(ledger.map(({ outcomes }) => (outcomes as [{ totalXp: number }])[0].totalXp).sort()).to.deep.equal([
        10, 15, 20, 5,
      ]);
      expect(new Set(ledger.map(({ telegramId }) => telegramId))).to.deep.equal(new Set([1]));
    });

    it('that also saves a session is one as well, as soon as there is one to save over', async () => {
      for (const n of [1, 2, 3, 4]) expect(await commit(save(n))).to.deep.equal([{ saved: true }]);
      // The first creates the user and the session, the second reads the session for the first time.
      expect([database.transactions, database.alone]).to.deep.equal([2, { written: 2, inVain: 0 }]);
      expect(await commit(save(0))).to.deep.equal([{ saved: false }]);
      const [session] = await on.sessions();
      expect(session?.sessionData).to.deep.equal({ n: 4 });
    });

    it('remembers the session while other units come, and none that is large', async () => {
      for (const n of [1, 2]) await commit(save(n));
      for (const n of [3, 4]) {
        await commit(addXp(1));
        expect(await commit(save(n))).to.deep.equal([{ saved: true }]);
      }
      expect([database.transactions, database.alone]).to.deep.equal([2, { written: 4, inVain: 0 }]);
      const stats = { text: 'x'.repeat(3_000) };
      for (const at of [AT + 10, AT + 20])
        await commit(unitOf({ name: 'saveSession', telegramId: 1, session: {}, stats }, { at }));
      expect(database.alone.written).to.equal(5);
      const [session] = await on.sessions();
      expect(session?.statsData).to.deep.equal(stats);
    });

    it('has the answer of the first time when its key comes again, and none when the key had another content', async () => {
      await commit(addXp(5));
      const [first] = await commit(addXp(5, 'again'));
      expect(await commit(addXp(5, 'again'))).to.deep.equal([first]);
      const [conflict] = await committer.commit([addXp(6, 'again')]);
      expect(conflict).to.have.property('status', 'failed');
      expect((await on.users())[0]?.totalXp).to.equal(10);
    });

    it('sees what others did to its user meanwhile', async () => {
      await commit(addXp(5));
      expect(await elsewhere({ name: 'addXp', telegramId: 1, xp: 100 })).to.include({ totalXp: 105 });
      expect(await commit(addXp(5))).to.deep.equal([{ totalXp: 110, oldLevel: 2, newLevel: 2, leveledUp: false }]);
      expect(database.alone).to.deep.equal({ written: 0, inVain: 1 });
    });

    it('sees what others did to the session and not to the user', async () => {
      await commit(save(1));
      await commit(save(2));
      await on.database.sequelize.query(`UPDATE bot_sessions SET session_at = '2026-02-01T00:00:00Z'`);
      expect(await commit(save(3))).to.deep.equal([{ saved: false }]);
    });

    it('waits for who holds its user, and sees what they did, to the user or to the session alone', async () => {
      await commit(save(1));
      await commit(save(2));
      for (const [table, change, expected] of [
        ['users', `UPDATE users SET total_xp = total_xp + 7`, { saved: true }],
        ['bot_sessions', `UPDATE bot_sessions SET session_at = '2026-02-01T00:00:00Z'`, { saved: false }],
      ] as const) {
        await commit(save(3));
        const other = new pg.Client(on.url);
        await other.connect();
        await other.query('BEGIN');
        await other.query('SELECT FROM users FOR UPDATE');
        await other.query(change);
        const committed = commit(save(4));
        await someoneWaits(on.database);
        await other.query('COMMIT');
        await other.end();
        expect(await committed, table).to.deep.equal([expected]);
      }
      expect((await on.users())[0]?.totalXp).to.equal(7);
    });

    it('levels a user up as in a batch, with the event for the bots', async () => {
      await commit(addXp(5));
      expect(await commit(addXp(100))).to.deep.equal([{ totalXp: 105, oldLevel: 1, newLevel: 2, leveledUp: true }]);
      const [events] = await on.database.sequelize.query('SELECT type FROM outbox');
      expect(events).to.deep.equal([{ type: 'user.leveledUp' }]);
    });

    it('knows nothing of a user who was deleted, and brings nobody back who was deleted after it', async () => {
      await commit(addXp(5));
      await commit(unitOf({ name: 'deleteUser', telegramId: 1 }, { at: AT + 1_000 }));
      expect(await commit(addXp(5))).to.deep.equal([{ userDeleted: true }]);
      expect(await commit(unitOf({ name: 'addXp', telegramId: 1, xp: 3 }, { at: AT + 2_000 }))).to.deep.include.members(
        [{ totalXp: 3, oldLevel: 1, newLevel: 1, leveledUp: false }],
      );
      // The user who came back is remembered, and that there was a deletion.
      expect(await commit(addXp(5))).to.deep.equal([{ userDeleted: true }]);
      await elsewhere({ name: 'deleteUser', telegramId: 1 });
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([3]);
    });

    it('is booked on the leaderboard as it is cut now', async () => {
      await committer.commit(
        Array.from({ length: 20 }, (_, n) => unitOf({ name: 'addXp', telegramId: 10 + n, xp: 3 * n }, { at: AT })),
      );
      await commit(addXp(1));
      await commit(addXp(1));
      await refreshRanks({ database: on.database, bucketSize: 3, worthwhile: 1 });
      for (const xp of [30, 1, 1]) await commit(addXp(xp));
      expect(database.alone).to.deep.equal({ written: 2, inVain: 1 });
      const users = new UserRepository(on.database);
      const above = (await on.users()).filter(({ totalXp }) => totalXp > 34).length;
      expect(await users.rank(1)).to.equal(above + 1);
    });

    it('that changes nothing is in the ledger all the same', async () => {
      await commit(addXp(5));
      const nothing = addXp(0);
      expect(await commit(nothing)).to.deep.equal([{ totalXp: 5, oldLevel: 1, newLevel: 1, leveledUp: false }]);
      expect(database.alone.written).to.equal(1);
      expect((await on.ledger()).map(({ key }) => key)).to.include(nothing.key);
    });

    it('comes soon: PostgreSQL is woken, and nobody is disturbed, also when its process has gone', async () => {
      database.wake();
      await commit(addXp(5));
      database.wake();
      const killed = await on.database.sequelize.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
        { type: QueryTypes.SELECT },
      );
      expect(killed).to.have.length.above(0);
      database.wake();
      const unit = addXp(5);
      const worked = () =>
        commit(unit).then(
          () => true,
          () => false,
        );
      await until(worked);
      expect((await on.users())[0]?.totalXp).to.equal(10);
    });

    it('is tried less and less where others commit for the same users', async () => {
      for (let n = 0; n < 40; n++) {
        await commit(addXp(1));
        await elsewhere({ name: 'addXp', telegramId: 1, xp: 1 });
      }
      expect((await on.users())[0]?.totalXp).to.equal(80);
      // After one in vain the next is not tried, after the second the next three, then seven, fifteen, …
      expect(database.alone).to.deep.equal({ written: 0, inVain: 5 });
    });

    it('waits with its job while the database is away, and is applied once however that ended', async () => {
      await commit(addXp(5));
      const lost = addXp(5);
      database.failure = Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
      expect((await rejection(committer.commit([lost]))).message).to.contain('the database is not available');
      database.failure = undefined;
      expect(await commit(lost)).to.deep.equal([{ totalXp: 10, oldLevel: 1, newLevel: 1, leveledUp: false }]);
      expect(await commit(lost)).to.deep.equal([{ totalXp: 10, oldLevel: 1, newLevel: 1, leveledUp: false }]);
    });

    it('of several users, or of none, goes as a batch', async () => {
      const both = () =>
        unit({
          operations: [
            { name: 'addXp', telegramId: 1, xp: 1 },
            { name: 'addXp', telegramId: 2, xp: 1 },
          ],
        });
      await committer.commit([both()]);
      await committer.commit([both()]);
      expect(database.alone).to.deep.equal({ written: 0, inVain: 0 });
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([2, 2]);
    });
  });
}
