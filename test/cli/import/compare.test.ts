import { expect } from 'chai';
import { compare } from '../../../src/cli/import/compare.js';
import { type PlannedRow, planRow } from '../../../src/cli/import/plan.js';
import { ImportStore } from '../../../src/cli/import/store.js';
import { emptyTally } from '../../../src/cli/import/tally.js';
import { collectOperations } from '../../../src/client/unit-builder.js';
import { Committer } from '../../../src/commit/committer.js';
import { type FreshDatabase, freshDatabase } from '../../helpers/databases.js';
import { unit, unitOf } from '../../helpers/units.js';
import { oldUser } from './files.js';

const at = new Date(Date.UTC(2026, 0, 15));

describe('the check of an import', () => {
  let fresh: FreshDatabase;
  let committer: Committer;
  let store: ImportStore;
  beforeEach(async () => {
    fresh = await freshDatabase('sqlite');
    committer = new Committer(fresh.database);
    store = new ImportStore(fresh.database, 'spin_bot');
  });
  afterEach(() => fresh.close());

  const plan = (id: number, xp: number): PlannedRow =>
    planRow(
      { id: `${id}`, value: oldUser(xp), line: id, offset: 0, bytes: 10, inexact: undefined },
      { bot: 'spin_bot', at, maxUnitBytes: 10_000 },
    );
  const apply = ({ key, build }: PlannedRow) =>
    committer.commit([unit({ key, at: at.getTime(), operations: collectOperations(build) })]);
  const check = async (rows: PlannedRow[], meanwhile: () => Promise<unknown>) => {
    const before = await store.users(rows.map(({ telegramId }) => telegramId));
    await meanwhile();
    const tally = emptyTally();
    const since = new Date();
    const odd = await compare({ imported: rows, repeated: [], before, store, at, since }, tally.check);
    return { ...tally.check, reasons: odd.map(({ reason }) => reason) };
  };

  it('adds up what users gained, whatever they had before', async () => {
    const [ann, bob] = [plan(1, 500), plan(2, 20)];
    await committer.commit([unitOf({ name: 'addXp', telegramId: 1, xp: 1_000 })]);
    const found = await check([ann, bob], () => Promise.all([apply(ann), apply(bob)]));
    expect(found.gained).to.deep.equal({ xp: 520, trainings: 4, score: 60 });
    expect(found).to.deep.include({ users: 2, sessions: 2, wrong: 0, busy: 0, reasons: [] });
  });

  it('leaves users out whom a bot wrote to, or deleted, at the same time', async () => {
    const [ann, bob, eve] = [plan(1, 500), plan(2, 20), plan(3, 7)];
    const found = await check([ann, bob, eve], async () => {
      for (const row of [ann, bob, eve]) await apply(row);
      await committer.commit([unitOf({ name: 'addXp', telegramId: 1, xp: 5 }, { bot: 'quiz_bot' })]);
      await committer.commit([unitOf({ name: 'deleteUser', telegramId: 2 }, { at: Date.now() })]);
    });
    expect(found).to.deep.include({ busy: 2, wrong: 0, usersMissing: 0, expected: { xp: 7, trainings: 2, score: 30 } });
    expect(found.gained).to.deep.equal(found.expected);
  });

  it('finds what is missing or different, and says how', async () => {
    const [ann, bob, eve] = [plan(1, 500), plan(2, 20), plan(3, 7)];
    const run = (sql: string) => fresh.database.sequelize.query(sql);
    const found = await check([ann, bob, eve], async () => {
      for (const row of [ann, bob]) await apply(row);
      await run('UPDATE users SET total_xp = 499 WHERE telegram_id = 1');
      await run('DELETE FROM bot_sessions WHERE user_id = (SELECT id FROM users WHERE telegram_id = 2)');
    });
    expect(found).to.deep.include({ usersMissing: 1, sessionsMissing: 1, wrong: 3 });
    expect(found.reasons).to.have.members([
      'the user is not in the database',
      'applied, but the database has something else: xp grew by 499, not by 500',
      'applied, but the database has something else: the session is missing',
    ]);
  });
});
