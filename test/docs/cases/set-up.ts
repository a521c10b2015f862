import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openRepositories } from '../../../src/repositories/index.js';
import { freshDatabase } from '../../helpers/databases.js';
import type { Fleet } from '../fleet.js';
import { makeOld } from '../old-database.js';
import { botledger, root, runProgram } from '../programs.js';
import { type Case, type Cases, outcome } from './case.js';

/** The file that the row names is there. */
const fileIsThere: Case = async (_, row) => {
  const [, file = ''] = /^`(.+)`$/.exec(row) ?? [];
  expect(existsSync(root + file), file).to.equal(true);
};

/** Nothing takes its place: the legacy counters stand in `users`. */
const legacy: Case = async ({ spin, someone }, row) => {
  expect(row).to.equal('–');
  const { user } = await spin.getUserSession(someone());
  expect(user).to.include({ totalTrainings: 0, totalScore: 0 });
};

const environmentOf = ({ redisUrl, apiUrl, spinToken }: Fleet) => ({
  BOT_NAME: 'spin_bot',
  REDIS_URL: redisUrl,
  API_URL: apiUrl,
  API_TOKEN: spinToken,
});

const setUp: Cases = {
  'Set-up': {
    '1. cp -r database/': async () =>
      // The package's own name, as a bot imports it.
      expect(await import('botledger' as string)).to.have.property('BotLedger'),
    async '2. pip install sqlalchemy asyncpg aiosqlite'() {
      const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
      expect(scripts).to.have.property('quickstart');
      expect(existsSync(`${root}docker-compose.yml`)).to.equal(true);
    },
    async '3. DATABASE_URL, BOT_NAME in .env'(_, row) {
      const example = readFileSync(`${root}.env.example`, 'utf8');
      for (const [, name] of row.matchAll(/`(\w+)`/g)) expect(example).to.match(new RegExp(`^#?${name}=`, 'm'));
    },
    '4. bot.py': async (fleet) => expect(await runProgram('bot', environmentOf(fleet))).to.equal('level 1\n'),
    async '5. What you get'({ spin, quiz, someone }) {
      const telegramId = someone();
      await outcome(
        spin.unit({}, (unit) => {
          unit.addXp(telegramId, { xp: 100 });
          unit.awardBadge(telegramId, { badgeType: 'spin_master' });
          unit.createSubscription(telegramId, { type: 'MONTH' });
          unit.saveSession(telegramId, { session: { question_count: 5 } });
        }),
      );
      const { user, session } = await quiz.getUserSession(telegramId);
      expect(user).to.include({ totalXp: 100, level: 2 });
      expect(session).to.deep.equal({});
      expect(await quiz.hasBadge(telegramId, 'spin_master')).to.equal(true);
      expect(await quiz.checkAccess(telegramId)).to.include({ hasAccess: true });
    },
  },

  Files: {
    'database/models.py': legacy,
    'database/training_models.py': legacy,
    ...Object.fromEntries(
      [
        'database/__init__.py',
        'database/database.py',
        'database/base_models.py',
        'database/bot_models.py',
        'repositories/user_repository.py',
        'repositories/badge_repository.py',
        'repositories/session_repository.py',
        'repositories/subscription_repository.py',
        'services/database_service.py',
        'scripts/migrate_from_json.py',
      ].map((file) => [file, fileIsThere]),
    ),
  },
};

/** An old file of one user, imported: what the command said, and who it was. */
async function imported(fleet: Fleet) {
  const telegramId = fleet.someone();
  const directory = mkdtempSync(join(tmpdir(), 'botledger-docs-'));
  const file = join(directory, 'users_data.json');
  const stats = { total_xp: 150, current_level: 3, total_trainings: 2, total_score: 300, best_score: 185 };
  const text = JSON.stringify({ [telegramId]: { session: { question_count: 5 }, stats } });
  writeFileSync(file, text);
  const once = async () => JSON.parse(await botledger(fleet, 'import-json', file, '--bot', 'spin_bot', '--json'));
  try {
    const first = await once();
    const backup = readFileSync(`${file}.backup`, 'utf8');
    const report = existsSync(`${file}.report.jsonl`);
    return { telegramId, stats, text, backup, report, first, second: await once() };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const imports = new WeakMap<Fleet, ReturnType<typeof imported>>();

/** One import serves all rows. */
const importCase =
  (check: (done: Awaited<ReturnType<typeof imported>>, fleet: Fleet) => Promise<unknown>): Case =>
  async (fleet) => {
    const done = imports.get(fleet) ?? imported(fleet);
    imports.set(fleet, done);
    return check(await done, fleet);
  };

const moving: Cases = {
  'Moving your data': {
    async init_db() {
      const fresh = await freshDatabase('sqlite', { migrated: false });
      const redisUrl = 'redis://127.0.0.1';
      expect(await botledger({ databaseUrl: fresh.url, redisUrl }, 'migrate')).to.match(/^Migrated: 0001-tables/);
      expect(await fresh.database.migrations().pending()).to.deep.equal([]);
      await fresh.close();
    },
    async 'a database of the old module'() {
      const fresh = await freshDatabase('sqlite', { migrated: false });
      const place = { databaseUrl: fresh.url, redisUrl: 'redis://127.0.0.1' };
      await makeOld(fresh.database);
      await botledger(place, 'adopt', '--dry-run');
      expect(await fresh.database.migrations().pending(), 'a dry run changes nothing').not.to.deep.equal([]);
      await botledger(place, 'adopt');
      const { users, badges } = openRepositories(fresh.database);
      const john = { username: 'johndoe', totalXp: 500, registrationDate: '2025-01-15T10:30:00.000Z' };
      expect(await users.byTelegramId(123456)).to.include(john);
      expect((await badges.byTelegramId(123456)).map(({ metadata }) => metadata)).to.deep.equal([{ score: 185 }]);
      expect(await fresh.database.migrations().pending()).to.deep.equal([]);
      await fresh.close();
    },
    'python scripts/migrate_from_json.py users_data.json': importCase(
      async ({ first, second, telegramId }, { spin }) => {
        expect([first.ok, second.ok]).to.deep.equal([true, true]);
        expect(await spin.getUser(telegramId), 'twice is as good as once').to.include({ totalXp: 150 });
      },
    ),
    'loads the JSON': importCase(async ({ first, report }) => expect([first.rows, report]).to.deep.equal([1, true])),
    'creates users': importCase(async ({ telegramId }, { spin }) => {
      const { units } = await spin.exportUser(telegramId);
      expect(units.map(({ key }) => key)).to.deep.equal([`import-${telegramId}`]);
    }),
    'carries over XP, level, stats': importCase(async ({ telegramId, stats }, { spin }) => {
      const read = await spin.getUserSession(telegramId);
      expect(read.user).to.include({ totalXp: 150, level: 3, totalTrainings: 2, totalScore: 300 });
      expect(read.stats).to.deep.equal(stats);
    }),
    'creates a BotSession per user': importCase(async ({ telegramId }, { spin }) =>
      expect((await spin.getUserSession(telegramId)).session).to.deep.equal({ question_count: 5 }),
    ),
    'backs the JSON up': importCase(async ({ text, backup }) => expect(backup).to.equal(text)),
  },
};

export const setUpCases: Cases = { ...setUp, ...moving };
