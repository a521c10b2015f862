import { expect } from 'chai';
import { Batcher, InterruptedError } from '../../src/commit/batcher.js';
import { Committer } from '../../src/commit/committer.js';
import { DatabaseWatch } from '../../src/commit/database-watch.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import { Database } from '../../src/database.js';
import { createLogger } from '../../src/logger.js';
import { IdempotencyKey, User } from '../../src/models/index.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { type Postgres, startPostgres } from '../helpers/postgres.js';
import { unit } from '../helpers/units.js';
import { until } from '../helpers/until.js';

const BOTS = 12;

describe('When PostgreSQL is', () => {
  let postgres: Postgres;
  let database: Database;
  before(async function () {
    this.timeout(60_000);
    // What it has acknowledged must be there after a crash.
    postgres = await startPostgres({ durable: true });
  });
  after(() => postgres.close());
  beforeEach(async () => {
    await postgres.createDatabase('ledger');
    database = new Database({ url: postgres.url('ledger'), lookupsOnly: true });
    await database.migrate();
  });
  afterEach(async () => {
    await database.close();
    await postgres.dropDatabase('ledger');
  });

  /** Bots that each send one unit after the other, about users that they share, until they are told it is enough. */
  function busyBots() {
    const limits = { maxUnits: 50, maxBytes: 1_000_000 };
    const watch = new DatabaseWatch(database, createLogger('test', 'silent'));
    const batcher = new Batcher(new Committer(database), limits, watch);
    const progress = { done: 0, failed: 0, enough: false };
    /** As BullMQ does: what is handed back comes again when the database is back. */
    const submit = async (checked: CheckedUnit): Promise<UnitResult | undefined> => {
      try {
        const [result] = await batcher.submit([checked]);
        return result;
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        await until(() => watch.isUp, { timeoutMs: 30_000 });
        return submit(checked);
      }
    };
    const runBot = async (bot: number) => {
      for (let number = 0; !progress.enough; number++) {
        const operations = [bot, number % 7].map((telegramId) => ({ name: 'addXp', telegramId, xp: 1 }));
        const result = await submit(unit({ key: `${bot}-${number}`, operations }));
        progress[result?.status === 'applied' ? 'done' : 'failed']++;
      }
    };
    const finished = Promise.all(Array.from({ length: BOTS }, (_, bot) => runBot(bot)));
    return { progress, finished };
  }

  async function expectExactlyOnce(units: number) {
    const { sequelize } = database;
    expect(await sequelize.getRepository(IdempotencyKey).count()).to.equal(units);
    expect(await sequelize.getRepository(User).sum('totalXp')).to.equal(units * 2);
  }

  const interruptions: Record<string, () => Promise<void>> = {
    'shut down': () => postgres.stop('fast'),
    'shut down at once': () => postgres.stop('immediate'),
    killed: () => postgres.stop('kill'),
    frozen: () => postgres.pause(),
  };

  for (const [interrupted, interrupt] of Object.entries(interruptions)) {
    it(`${interrupted}, nothing fails, and everything is applied once after it is back`, async function () {
      this.timeout(60_000);
      const { progress, finished } = busyBots();
      await until(() => progress.done > 100);
      await interrupt();
      const before = progress.done;
      if (interrupted === 'frozen') postgres.resume();
      else await postgres.start();
      await until(() => progress.done > before + 100, { timeoutMs: 30_000 });
      progress.enough = true;
      await finished;
      expect(progress.failed).to.equal(0);
      await expectExactlyOnce(progress.done);
    });
  }
});
