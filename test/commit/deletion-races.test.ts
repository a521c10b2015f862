import { expect } from 'chai';
import fc from 'fast-check';
import { Committer } from '../../src/commit/committer.js';
import { Database } from '../../src/database.js';
import { DeletedUser } from '../../src/models/index.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { outcomeOf } from '../helpers/commit-batches.js';
import { beforeEachStatement, commitWhile, someoneWaits } from '../helpers/meeting.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const day = (number: number) => Date.UTC(2026, 0, 15 + number);
const DELETED = day(5);

const addXp = (at: number, xp: number, telegramId = 1) =>
  unitOf({ name: 'addXp', telegramId, xp }, { at, key: `xp-${telegramId}-${xp}` });
const badge = (at: number, badgeType: string, telegramId: number) =>
  unitOf({ name: 'awardBadge', telegramId, badgeType }, { at, key: `${badgeType}-${telegramId}` });
const deletion = (telegramId = 1, at = DELETED) =>
  unitOf({ name: 'deleteUser', telegramId }, { at, key: `delete-${telegramId}` });

const users = [1, 2, 3, 4, 5, 6];

/** A unit that gives XP to a user and to the next one. */
const shared = (at: number, xp: number, telegramId: number) =>
  unit({
    key: `shared-${telegramId}-${xp}`,
    at,
    operations: [telegramId, (telegramId % users.length) + 1].map((each) => ({ name: 'addXp', telegramId: each, xp })),
  });

// Each unit gives its own digit of base 4, so that a total tells which were applied, and how often. A user gets a
// shared unit's XP from their own and from the one of the user before.
const BEFORE = [4 ** 0, 4 ** 1];
const AFTER = [4 ** 2, 4 ** 3];
const SHARED_BEFORE = 4 ** 4;
const SHARED_AFTER = [4 ** 5, 4 ** 6] as const;

const everything = users.flatMap((user) => [
  ...BEFORE.map((xp) => addXp(day(1), xp, user)),
  badge(day(2), 'before', user),
  shared(day(3), SHARED_BEFORE, user),
  deletion(user),
  ...AFTER.map((xp) => addXp(day(6), xp, user)),
  badge(day(7), 'after', user),
  shared(day(8), SHARED_AFTER[user % 2] as number, user),
]);

const digits = (total: number) => [...total.toString(4)].reverse().map(Number);

async function commitShuffled(database: Database, units: CheckedUnit[], seed: number): Promise<string[]> {
  const [order = []] = fc.sample(fc.shuffledSubarray(units, { minLength: units.length }), { seed, numRuns: 1 });
  const committer = new Committer(database);
  const failures: string[] = [];
  for (let done = 0; done < order.length; done += 7) {
    for (const result of await committer.commit(order.slice(done, done + 7))) {
      if (result.status === 'failed') failures.push(String(result.error));
    }
  }
  return failures;
}

for (const variant of variants) {
  describe(`Deletions and other writes of the same users by four committers at once on ${variant.name}`, function () {
    this.timeout(60_000);
    const on = eachOn(variant);

    for (const seed of [1, 2, 3]) {
      it(`leave no half user, bring nobody back, and apply nothing twice (order ${seed})`, async () => {
        // Every other user is there already; the rest is created in the race.
        const there = users.filter((user) => user % 2 === 0).map((user) => addXp(day(0), 4 ** 8, user));
        await new Committer(on.database).commit(there);
        const seeds = [1, 2, 3, 4].map((each) => seed * 10 + each);
        // Each on its own connection; on SQLite two share one, for those that wait for the file hold a thread of Node's.
        const databases = seeds.map(() => on.open(Database));
        if (variant.dialect === 'sqlite') databases.splice(0, 4, ...databases.slice(0, 2), ...databases.slice(0, 2));
        const failures = await Promise.all(
          seeds.map((each, index) => commitShuffled(databases[index] as Database, everything, each)),
        );
        expect(failures.flat()).to.deep.equal([]);

        for (const user of await on.users()) {
          const after = [0, 0, 1, 1, 0, 1, 1];
          for (const [place, digit] of digits(user.totalXp).entries()) {
            expect(digit, `XP ${digits(user.totalXp)} of ${user.telegramId}`).to.be.at.most(after[place] ?? 0);
          }
          expect(user.registrationDate.getTime()).to.be.above(DELETED);
        }
        expect(new Set((await on.badges()).map(({ badgeType }) => badgeType))).not.to.include('before');
        const tombstones = await on.database.sequelize.getRepository(DeletedUser).findAll();
        expect(tombstones.map(({ deletedAt }) => deletedAt.getTime())).to.deep.equal(users.map(() => DELETED));
      });
    }
  });
}

describe('A deletion on PostgreSQL that meets a unit made before it', () => {
  const on = eachOn(variants[1]);
  const late = addXp(day(4), 1);
  const afresh = addXp(day(6), 7);
  const commit = (...units: CheckedUnit[]) => new Committer(on.open(Database)).commit(units);
  const totals = async () => (await on.users()).map(({ telegramId, totalXp }) => [telegramId, totalXp]);

  const meet = async (units: CheckedUnit[], statement: string, meanwhile: () => Promise<unknown>) =>
    (await commitWhile(on.open(Database), units, statement, meanwhile)).map(outcomeOf);

  it('and that looked for the user before, and creates them after: it is dropped', async () => {
    const outcomes = await meet([late], 'INSERT INTO users', () => commit(deletion()));
    expect(outcomes).to.deep.equal([{ userDeleted: true }]);
    expect(await totals()).to.deep.equal([]);
  });

  it('likewise when the user has returned by then: it is dropped, and the new user stays as they are', async () => {
    const outcomes = await meet([late], 'INSERT INTO users', () => commit(deletion(), afresh));
    expect(outcomes).to.deep.equal([{ userDeleted: true }]);
    expect(await totals()).to.deep.equal([[1, 7]]);
  });

  it('likewise among units of other new users: those are applied', async () => {
    const outcomes = await meet([addXp(day(1), 2, 2), late], 'INSERT INTO users', () => commit(deletion(), afresh));
    expect(outcomes).to.deep.include.members([{ userDeleted: true }]);
    expect(await totals()).to.deep.equal([
      [1, 7],
      [2, 2],
    ]);
  });

  it('likewise between our look at a new user and our lock: what was made after it is applied', async () => {
    const database = on.open(Database);
    const meetings: [statement: string, meanwhile: () => Promise<unknown>][] = [
      ['INSERT INTO users', () => commit(addXp(day(1), 3))],
      ['SELECT', () => commit(deletion())],
    ];
    beforeEachStatement(database, async ({ text }) => {
      const [statement, meanwhile] = meetings[0] ?? [];
      if (statement === undefined || !text.startsWith(statement)) return;
      meetings.shift();
      await meanwhile?.();
    });
    const [result] = await new Committer(database).commit([afresh]);
    expect(meetings).to.deep.equal([]);
    expect(outcomeOf(result)).to.include({ totalXp: 7 });
    expect(await totals()).to.deep.equal([[1, 7]]);
  });

  for (const known of [true, false]) {
    it(`and that waits for it, of a user ${known ? 'who is there' : 'whom nobody knows'}: it is dropped`, async () => {
      if (known) await commit(addXp(day(0), 3));
      let waiting: Promise<unknown> | undefined;
      const outcomes = await meet([deletion()], 'INSERT INTO deleted_users', async () => {
        waiting = commit(late).then((results) => results.map(outcomeOf));
        await someoneWaits(on.database);
      });
      expect(outcomes).to.deep.equal([{ deleted: known }]);
      expect(await waiting).to.deep.equal([{ userDeleted: true }]);
      expect(await totals()).to.deep.equal([]);
    });

    it(`and waits for it, of a user ${known ? 'who is there' : 'whom nobody knows'}: what it left is deleted`, async () => {
      if (known) await commit(addXp(day(0), 3));
      let waiting: Promise<unknown> | undefined;
      const outcomes = await meet([late], 'INSERT INTO idempotency_keys', async () => {
        waiting = commit(deletion()).then((results) => results.map(outcomeOf));
        await someoneWaits(on.database);
      });
      expect(outcomes).to.have.nested.property('[0].totalXp', known ? 4 : 1);
      expect(await waiting).to.deep.equal([{ deleted: true }]);
      expect(await totals()).to.deep.equal([]);
    });
  }
});
