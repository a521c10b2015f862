import { expect } from 'chai';
import pg from 'pg';
import { BotLedger } from '../../src/index.js';
import { User } from '../../src/models/index.js';
import { until } from '../helpers/until.js';
import { type Fleet, startFleet } from './fleet.js';

describe('A commit worker that freezes in the middle of a transaction', () => {
  let fleet: Fleet;
  let other: pg.Client;
  beforeEach(async () => {
    fleet = await startFleet('postgres');
    fleet.environment['STALLED_AFTER_SECONDS'] = '2';
    other = new pg.Client({ connectionString: fleet.url });
    await other.connect();
  });
  afterEach(async () => {
    for (const worker of fleet.workers) worker.signal('SIGCONT');
    await other.end();
    await fleet.close();
  });

  it('loses its job to another, and applies nothing twice when it thaws', async function () {
    this.timeout(60_000);
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl: fleet.redisUrl });
    await fleet.startWorkers(1);
    await (await bot.addXp(1, { xp: 1 })).result();

    await other.query('BEGIN');
    await other.query('SELECT * FROM users FOR UPDATE');
    const receipt = await bot.addXp(1, { xp: 10 });
    const waits = async () =>
      (
        await other.query(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
        )
      ).rowCount;
    await until(waits, { everyMs: 1, what: 'the worker waits for the row, in its transaction' });
    const [late] = fleet.workers;
    late?.signal('SIGSTOP');
    await other.query('ROLLBACK');

    await fleet.startWorkers(1);
    expect(await receipt.result({ timeoutMs: 30_000 })).to.include({ totalXp: 11 });
    late?.signal('SIGCONT');
    await late?.says('a job went to another worker');
    expect(late?.output()).not.to.match(/\n\s+at |"stack"/);

    await (await bot.addXp(1, { xp: 100 })).result();
    await bot.close();
    await fleet.drained();
    expect(await fleet.database.sequelize.getRepository(User).sum('totalXp')).to.equal(111);
    expect(await fleet.queue.getFailedCount()).to.equal(0);
  });
});
