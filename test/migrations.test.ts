import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { Database } from '../src/database.js';
import { dialects, type FreshDatabase, freshDatabase } from './helpers/databases.js';
import { rejection } from './helpers/rejection.js';
import { schemaOf } from './helpers/schema-of.js';
import { everythingOfUser, refusals, USER } from './helpers/schema-rows.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = readdirSync(`${root}/migrations`).filter((file) => file.endsWith('.cjs'));

const tablesOf = async ({ sequelize }: Database) => (await sequelize.getQueryInterface().showAllTables()).sort();

/** The migrations that the database has on record. */
async function recordsOf({ sequelize }: Database): Promise<string[]> {
  const rows = await sequelize.query<{ name: string }>('SELECT name FROM "SequelizeMeta"', { type: QueryTypes.SELECT });
  return rows.map(({ name }) => name);
}

for (const dialect of dialects) {
  describe(`the migrations on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let database: Database;
    const open = async (migrated: boolean) => {
      fresh = await freshDatabase(dialect, { migrated });
      database = fresh.database;
    };
    const run = (sql: string) => database.sequelize.query(sql);
    const sequelizeCli = (command: string) =>
      execFileSync(process.execPath, [`${root}/node_modules/sequelize-cli/lib/sequelize`, command], {
        cwd: root,
        env: { ...process.env, DATABASE_URL: fresh.url },
        stdio: 'pipe',
      });
    afterEach(() => fresh.close());

    it('leave the same schema after up, down and up again', async () => {
      await open(false);
      await database.migrate();
      const once = await schemaOf(database);
      await database.migrations().down({ to: 0 });
      const afterDown = await tablesOf(database);
      await database.migrate();

      expect(afterDown).to.deep.equal(['SequelizeMeta']);
      expect(await schemaOf(database)).to.deep.equal(once);
    });

    it('run once when four processes start at the same time', async () => {
      await open(false);
      const others = Array.from({ length: 4 }, () => new Database({ url: fresh.url }));
      const ran = await Promise.all(others.map((other) => other.migrate()));
      await Promise.all(others.map((other) => other.close()));

      expect(ran.flat().sort()).to.deep.equal(files);
      expect(await recordsOf(database)).to.deep.equal(files);
    });

    it('are the same to sequelize-cli, up and down', async () => {
      await open(false);
      sequelizeCli('db:migrate');
      expect(await recordsOf(database)).to.deep.equal(files);
      expect(await database.migrate()).to.deep.equal([]);

      sequelizeCli('db:migrate:undo:all');
      expect(await tablesOf(database)).to.deep.equal(['SequelizeMeta']);
      expect(await database.migrate()).to.deep.equal(files);
    });

    for (const { what, given = [], refused } of refusals) {
      it(`refuse ${what}`, async () => {
        await open(true);
        for (const sql of [USER, ...given]) await run(sql);
        const error = await rejection(run(refused));
        expect(error.name).to.match(/UniqueConstraint|ForeignKeyConstraint|DatabaseError/);
        expect(error.message).to.match(/constraint|Validation error/i);
      });
    }

    it('take everything of a user along when the user is deleted', async () => {
      await open(true);
      await run(USER);
      for (const sql of Object.values(everythingOfUser)) await run(sql);
      await run('DELETE FROM users WHERE id = 1');

      const { promocodes, ...ofUser } = everythingOfUser;
      for (const table of Object.keys(ofUser)) {
        const [row] = await database.sequelize.query(`SELECT count(*) AS n FROM ${table}`, { type: QueryTypes.SELECT });
        expect(row, table).to.deep.equal({ n: 0 });
      }
    });
  });
}

it('the migrations give both databases the same tables, columns and indexes', async () => {
  const [postgres, sqlite] = await Promise.all(
    dialects.map(async (dialect) => {
      const fresh = await freshDatabase(dialect);
      const outline = await outlineOf(fresh.database);
      await fresh.close();
      return outline;
    }),
  );
  expect(sqlite).to.deep.equal(postgres);
});

async function outlineOf(database: Database): Promise<Record<string, unknown>> {
  const queryInterface = database.sequelize.getQueryInterface();
  const outline: Record<string, unknown> = {};
  for (const table of await tablesOf(database)) {
    const columns = Object.entries(await queryInterface.describeTable(table));
    const indexes = (await queryInterface.showIndex(table)) as { name: string; unique: boolean; primary: boolean }[];
    outline[table] = {
      columns: columns.map(([name, { allowNull, primaryKey }]) => ({ name, allowNull: allowNull && !primaryKey })),
      indexes: indexes
        .filter(({ primary, name }) => !primary && !name.startsWith('sqlite_'))
        .map(({ name, unique }) => ({ name, unique }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    };
  }
  return outline;
}
