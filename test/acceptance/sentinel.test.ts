import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { BotLedger, QueueUnavailableError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { startRedisWithSentinel, type TestSentinel } from '../helpers/redis-sentinel.js';
import { until } from '../helpers/until.js';

const UNITS = 1_000;

describe('Behind a Sentinel', () => {
  let sentinel: TestSentinel;
  let fresh: FreshDatabase;
  let ledger: BotLedger;
  let worker: Process;
  let opened: Closable[];

  beforeEach(async function () {
    this.timeout(60_000);
    [sentinel, fresh] = await Promise.all([startRedisWithSentinel(), freshDatabase('postgres')]);
    ledger = new BotLedger({ bot: 'spin_bot', redisUrl: sentinel.url });
    const environment = { DATABASE_URL: fresh.url, REDIS_URL: sentinel.url, STALLED_AFTER_SECONDS: '3' };
    worker = startProcess('workers/commit.js', { environment });
    opened = [fresh, sentinel, ledger, worker];
    await worker.says('commit worker is ready');
  });
  afterEach(() => closeAll(opened));

  const send = (number: number) => ledger.addXp(1 + (number % 10), { xp: 1 }, { key: `upd-${number}` });
  const sendPatiently = (number: number) =>
    until(
      () =>
        send(number).catch((error: unknown) => {
          if (error instanceof QueueUnavailableError) return undefined;
          throw error;
        }),
      { timeoutMs: 20_000 },
    );

  for (const [ended, end] of [
    ['killed', () => sentinel.master.kill()],
    ['frozen', async () => sentinel.master.pause()],
  ] as const) {
    it(`bots and workers go on when the master is ${ended}, and what its replica had is applied`, async function () {
      this.timeout(60_000);
      const first = Array.from({ length: UNITS }, (_, number) => number);
      await Promise.all(first.map(send));
      await sentinel.replicated();
      await end();
      await sentinel.promoted();

      const since = Array.from({ length: 100 }, (_, number) => UNITS + number);
      const receipts = await Promise.all(since.map(sendPatiently));
      const results = await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 20_000 })));
      expect(results).to.have.lengthOf(100);
      const sum = async () => {
        const rows = await fresh.database.sequelize.query<{ xp: number }>('SELECT sum(total_xp) AS xp FROM users', {
          type: QueryTypes.SELECT,
        });
        return Number(rows[0]?.xp);
      };
      await until(async () => (await sum()) >= UNITS + 100, { timeoutMs: 20_000, what: 'all units are applied' });
      expect(await sum()).to.equal(UNITS + 100);
    });
  }
});
