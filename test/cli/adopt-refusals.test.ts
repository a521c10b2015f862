import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { AdoptError } from '../../src/cli/adopt/checks.js';
import { takeOver } from '../../src/cli/adopt/take-over.js';
import { Committer } from '../../src/commit/committer.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { startProcess } from '../helpers/processes.js';
import { makePythonDatabase } from '../helpers/python-database.js';
import { rejection } from '../helpers/rejection.js';
import { schemaOf } from '../helpers/schema-of.js';
import { unitOf } from '../helpers/units.js';

interface Refusal {
  what: string;
  given: string[];
  said: string;
}

const onBoth: Refusal[] = [
  {
    what: 'a view on its tables',
    given: ['CREATE VIEW top_users AS SELECT telegram_id, total_xp FROM users'],
    said: 'the view top_users: hangs on a table that is to be adopted',
  },
  {
    what: 'two users with one Telegram id',
    given: ['DROP INDEX ix_users_telegram_id', 'UPDATE users SET telegram_id = 123456'],
    said: 'users: its rows do not fit',
  },
  {
    what: 'stats that are no object',
    given: [`UPDATE bot_sessions SET stats_data = '"{}"'`],
    said: 'bot_sessions: 1 rows have stats_data that is no object',
  },
  {
    what: 'free trainings below 0',
    given: ['UPDATE free_trainings SET trainings_left = -1 WHERE id = 1'],
    said: 'free_trainings: 1 rows have trainings below 0',
  },
];

const refusals: Record<(typeof dialects)[number], Refusal[]> = {
  postgres: [
    ...onBoth,
    {
      what: 'a trigger on its tables',
      given: [
        'CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
        'CREATE TRIGGER noted AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION noop()',
      ],
      said: 'the trigger noted: hangs on',
    },
    {
      what: 'text that is too long',
      given: [
        'ALTER TABLE users ALTER username TYPE TEXT',
        "UPDATE users SET username = repeat('x', 300) WHERE id = 3",
      ],
      said: 'users: its rows do not fit: value too long',
    },
    {
      what: 'a sequence that another table uses',
      given: ["CREATE TABLE other (id INTEGER DEFAULT nextval('users_id_seq'))"],
      said: 'cannot drop table botledger_old.users because other objects depend on it',
    },
  ],
  sqlite: [
    ...onBoth,
    {
      what: 'a trigger on its tables',
      given: ['CREATE TRIGGER noted AFTER UPDATE ON users BEGIN SELECT 1; END'],
      said: 'the trigger noted: hangs on',
    },
    {
      what: 'rows of users who are not there',
      given: ['PRAGMA foreign_keys = OFF', 'UPDATE user_badges SET user_id = 99', 'PRAGMA foreign_keys = ON'],
      said: 'user_badges: 3 rows have a user_id that is not in users',
    },
    {
      what: 'text that is no time',
      given: ["UPDATE promocodes SET expires_at = 'tomorrow'"],
      said: 'promocodes: 1 rows have no time in expires_at',
    },
    {
      what: 'Python’s NaN in JSON',
      given: [`UPDATE bot_sessions SET stats_data = '{"x": NaN}'`],
      said: 'bot_sessions: 1 rows have no JSON in stats_data',
    },
  ],
};

for (const dialect of dialects) {
  describe(`botledger adopt on ${dialect}, with rows and things that it does not expect`, () => {
    let old: FreshDatabase;
    const run = (sql: string) => old.database.sequelize.query(sql);
    beforeEach(async () => {
      old = await freshDatabase(dialect, { migrated: false });
      await makePythonDatabase(old.database);
    });
    afterEach(() => old.close());

    for (const { what, given, said } of refusals[dialect]) {
      it(`refuses ${what}, and changes nothing`, async () => {
        for (const sql of given) await run(sql);
        const before = await schemaOf(old.database);
        const error = await rejection(takeOver(old.database, { dryRun: false }));
        expect(error.message).to.contain(said);
        expect(await schemaOf(old.database)).to.deep.equal(before);
      });
    }

    it('reads the JSON null of Python as nothing, so that trainings can be booked', async () => {
      await run("UPDATE bot_sessions SET session_data = 'null', stats_data = 'null'");
      await run("UPDATE user_badges SET badge_metadata = 'null'");
      await takeOver(old.database, { dryRun: false });
      const at = Date.UTC(2025, 2, 1);
      const unit = unitOf({ name: 'completeTraining', telegramId: 123456, score: 5 }, { at });
      const [result] = await new Committer(old.database).commit([unit]);
      expect(result?.status).to.equal('applied');
      const rows = await old.database.sequelize.query('SELECT id FROM user_badges WHERE metadata IS NULL', {
        type: QueryTypes.SELECT,
      });
      expect(rows).to.have.length(2);
    });

    it('loses no credits where only their total is known, and keeps its enums’ words in any case', async () => {
      await run('UPDATE subscriptions SET credits_left = NULL WHERE id = 4');
      if (dialect === 'sqlite') await run("UPDATE free_trainings SET source = 'channel' WHERE id = 1");
      await takeOver(old.database, { dryRun: false });
      const select = (sql: string) => old.database.sequelize.query(sql, { type: QueryTypes.SELECT });
      expect(await select('SELECT credits_left FROM subscriptions WHERE id = 4')).to.deep.equal([{ credits_left: 12 }]);
      expect(await select('SELECT source, trainings_left FROM free_trainings')).to.deep.equal([
        { source: 'CHANNEL', trainings_left: 5 },
      ]);
    });

    it('lists every reason on the command line, and exits 1', async () => {
      await run('CREATE VIEW top_users AS SELECT telegram_id, total_xp FROM users');
      await run('UPDATE users SET total_xp = -5 WHERE id = 3');
      const process = startProcess('src/cli/main.js', { args: ['adopt'], environment: { DATABASE_URL: old.url } });
      expect(await process.exited).to.equal(1);
      expect(process.output())
        .to.contain('the view top_users')
        .and.contain('XP below 0')
        .and.not.match(/^\s+at /m);
      expect((await rejection(takeOver(old.database, { dryRun: true }))).name).to.equal(AdoptError.name);
    });
  });
}
