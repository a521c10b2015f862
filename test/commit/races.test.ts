import { expect } from 'chai';
import fc from 'fast-check';
import pg from 'pg';
import { QueryTypes } from 'sequelize';
import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import { Database } from '../../src/database.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { beforeEachStatement } from '../helpers/meeting.js';
import { unit, unitOf } from '../helpers/units.js';
import { until } from '../helpers/until.js';
import { eachOn, variants } from '../helpers/variants.js';

const addXp = (telegramId: number, key: string) => unitOf({ name: 'addXp', telegramId, xp: 1 }, { key });

/** Units of two users each, out of a few; every user gets as much as `xpOf` says. */
const pairs = Array.from({ length: 120 }, (_, number) =>
  unit({
    key: `pair-${number}`,
    operations: [
      { name: 'addXp', telegramId: 1 + (number % 13), xp: 1 },
      { name: 'awardBadge', telegramId: 1 + ((number * 7) % 13), badgeType: `badge-${number % 3}` },
      { name: 'addXp', telegramId: 1 + ((number * 5) % 13), xp: 100 },
    ],
  }),
);

function xpOf(units: CheckedUnit[]): Map<number, number> {
  const xp = new Map<number, number>();
  for (const { operation, telegramId, payload } of units.flatMap(({ operations }) => operations)) {
    if (operation.name === 'addXp' && telegramId)
      xp.set(telegramId, (xp.get(telegramId) ?? 0) + (payload['xp'] as number));
  }
  return xp;
}

/** As bots see results: they do not learn whether a unit was applied before. */
const withoutRepeated = (name: string, value: unknown) => (name === 'repeated' ? undefined : value);

async function commitShuffled(
  database: Database,
  units: CheckedUnit[],
  seed: number,
): Promise<Map<string, UnitResult>> {
  const [order] = fc.sample(fc.shuffledSubarray(units, { minLength: units.length }), { seed, numRuns: 1 });
  const committer = new Committer(database);
  const results = new Map<string, UnitResult>();
  for (let done = 0; done < units.length; done += 17) {
    const batch = (order as CheckedUnit[]).slice(done, done + 17);
    for (const [index, result] of (await committer.commit(batch)).entries()) {
      results.set((batch[index] as CheckedUnit).key, result);
    }
  }
  return results;
}

for (const variant of variants) {
  describe(`Committers at once on ${variant.name}`, () => {
    const on = eachOn(variant);

    it('apply the same units, of users new to all of them, once each and answer the same', async () => {
      const seeds = [1, 2, 3, 4];
      const all = await Promise.all(seeds.map((seed) => commitShuffled(on.open(Database), pairs, seed)));

      expect(new Map((await on.users()).map((user) => [user.telegramId, user.totalXp]))).to.deep.equal(xpOf(pairs));
      expect(await on.ledger()).to.have.lengthOf(pairs.length);
      for (const { key } of pairs) {
        const [first, ...others] = all.map((results) => JSON.stringify(results.get(key), withoutRepeated));
        expect(first).to.contain('applied');
        expect(others).to.deep.equal([first, first, first]);
      }
    });

    const users = [1, 2, 3, 4, 5, 6];

    /** Forty times, a batch about these users from either end. */
    async function commitFromBothEnds(usersOf: (round: number) => number[]) {
      const [up, down] = [new Committer(on.open(Database)), new Committer(on.open(Database))];
      for (let round = 0; round < 40; round++) {
        const order = usersOf(round);
        const batch = (name: string) => order.map((user) => addXp(user, `${name}-${round}-${user}`));
        await Promise.all([up.commit(batch('up')), down.commit(batch('down').reverse())]);
      }
      if (variant.dialect === 'postgres') expect(await deadlocks(on.database)).to.equal(0);
    }

    it('lock users in one order, whatever the order of their units', async () => {
      await new Committer(on.database).commit(users.map((user) => addXp(user, `start-${user}`)));
      await commitFromBothEnds(() => users);
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal(users.map(() => 81));
    });

    it('create users in one order, whatever the order of their units', async () => {
      await commitFromBothEnds((round) => users.map((user) => round * 10 + user));
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal(Array(240).fill(2));
    });
  });
}

describe('A race for a new user on PostgreSQL', () => {
  const on = eachOn(variants[1]);

  /** Commits what another worker commits meanwhile: after our look for users and units, before our insert. */
  async function commitAfter(theirs: CheckedUnit[], ours: CheckedUnit[]): Promise<UnitResult[]> {
    const other = new Committer(on.open(Database));
    const database = on.open(Database);
    let met = false;
    beforeEachStatement(database, async ({ text }) => {
      if (met || !text.startsWith('INSERT INTO users')) return;
      met = true;
      await other.commit(theirs);
    });
    const results = await new Committer(database).commit(ours);
    expect(met, 'both met').to.equal(true);
    return results;
  }

  it('with the same unit: it is applied once, and both answer the same', async () => {
    const [result] = await commitAfter([addXp(1, 'a')], [addXp(1, 'a'), addXp(2, 'b')]);
    expect(result).to.have.nested.property('outcomes[0].totalXp', 1);
    expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([1, 1]);
    expect(await on.ledger()).to.have.lengthOf(2);
  });

  it('with the same unit and no other: it is applied once as well', async () => {
    const [result] = await commitAfter([addXp(1, 'a')], [addXp(1, 'a')]);
    expect(result).to.have.nested.property('outcomes[0].totalXp', 1);
  });

  it('with other content under the same key: one is applied, one refused', async () => {
    const [refused, applied] = await commitAfter([addXp(1, 'a')], [addXp(2, 'a'), addXp(2, 'b')]);
    expect([refused?.status, applied?.status]).to.deep.equal(['failed', 'applied']);
    expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([1, 1]);
  });

  it('with another unit: both are applied, and one of them created the user', async () => {
    const touch = (key: string) => unitOf({ name: 'touchUser', telegramId: 1, username: key }, { key });
    const [ours] = await commitAfter([touch('theirs')], [touch('ours')]);
    expect(ours).to.have.nested.property('outcomes[0].created', false);
    expect((await on.users()).map(({ username }) => username)).to.deep.equal(['ours']);
  });
});

describe('A deadlock on PostgreSQL', () => {
  const on = eachOn(variants[1]);

  it('rolls back and runs again, and nobody hears of it', async () => {
    const committer = new Committer(on.database);
    await committer.commit([addXp(1, 'one'), addXp(2, 'two')]);
    const stranger = new pg.Client({ connectionString: on.url });
    await stranger.connect();
    try {
      // So that it is the committer that PostgreSQL picks to give way.
      await stranger.query("SET deadlock_timeout = '60s'");
      await stranger.query('BEGIN; UPDATE users SET level = level WHERE telegram_id = 2');
      const committed = committer.commit([addXp(1, 'three'), addXp(2, 'four')]);
      await until(async () => (await waiting(on.database)) === 1, { what: 'the committer waits for the stranger' });
      await stranger.query('UPDATE users SET level = level WHERE telegram_id = 1');
      await stranger.query('COMMIT');
      expect((await committed).map(({ status }) => status)).to.deep.equal(['applied', 'applied']);
    } finally {
      await stranger.end();
    }
    expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([2, 2]);
    await until(async () => (await deadlocks(on.database)) > 0, { what: 'PostgreSQL has counted it' });
  });
});

/** How many connections to this database wait for a lock. */
async function waiting({ sequelize }: Database): Promise<number> {
  const sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  return (await sequelize.query(sql, { type: QueryTypes.SELECT })).length;
}

/** How many deadlocks this database has seen. */
async function deadlocks({ sequelize }: Database): Promise<number> {
  await sequelize.query('SELECT pg_stat_force_next_flush()');
  const [row] = await sequelize.query<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    { type: QueryTypes.SELECT },
  );
  return row?.deadlocks ?? 0;
}
