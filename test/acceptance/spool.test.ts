import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from 'bullmq';
import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';
import { BotLedger, type Receipt } from '../../src/index.js';
import { closeAll } from '../../src/lifecycle.js';
import { IdempotencyKey } from '../../src/models/index.js';
import type { JobData } from '../../src/operations/unit.js';
import { UnitQueues } from '../../src/queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { startRedis, type TestRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

const UNITS = 500;

for (const partitions of [1, 3]) {
  describe(`The local spool of a bot, with QUEUE_PARTITIONS=${partitions}`, function () {
    this.timeout(60_000);
    let redis: TestRedis;
    let fresh: FreshDatabase;
    let directory: string;
    let environment: Record<string, string>;

    beforeEach(async () => {
      redis = await startRedis();
      fresh = await freshDatabase('postgres');
      directory = mkdtempSync(join(tmpdir(), 'botledger-spool-'));
      environment = {
        BOT_NAME: 'spin_bot',
        DATABASE_URL: fresh.url,
        REDIS_URL: redis.url,
        QUEUE_PARTITIONS: `${partitions}`,
        STALLED_AFTER_SECONDS: '2',
      };
    });
    afterEach(async () => {
      await closeAll([fresh, redis]);
      rmSync(directory, { recursive: true });
    });

    const startBot = (first: number, last: number): Process =>
      startProcess('test/acceptance/spooling-bot.js', {
        args: [join(directory, 'spool'), `${first}`, `${last}`],
        environment,
      });

    const startWorker = async (): Promise<Process> => {
      const worker = startProcess('workers/commit.js', { environment });
      await worker.says('commit worker is ready');
      return worker;
    };

    const openLedger = () =>
      new BotLedger({
        bot: 'spin_bot',
        redisUrl: redis.url,
        queuePartitions: partitions,
        spool: join(directory, 'spool'),
      });

    it('holds 500 units of a process that is killed, which the next one has applied exactly once', async () => {
      await redis.stop();
      const killed = startBot(1, UNITS);
      await killed.says('sent');
      await killed.says(`spooled ${UNITS}.`);
      await killed.close();

      await redis.start();
      const worker = await startWorker();
      const next = startBot(UNITS + 1, UNITS + 1);
      await next.says(`found ${UNITS}.`);
      await next.says('spooled 0.');
      await until(async () => (await countUnits(fresh.database)) === UNITS + 1, { what: 'all are applied' });
      expect(await xpByUser(fresh.database)).to.deep.equal(expectedXp(UNITS + 1));
      await closeAll([worker, next]);
    });

    it('loses and doubles nothing when the next ones are killed as they begin to send, and all is sent anew', async () => {
      await redis.stop();
      const first = startBot(1, UNITS);
      await first.says('sent');
      await first.close();
      const worker = startWorker();
      await redis.start();
      for (let kill = 0; kill < 3; kill++) {
        const bot = startBot(1, 0);
        await bot.says('found ');
        await bot.close();
      }
      const last = startBot(1, UNITS);
      await last.says('sent');
      await until(async () => (await countUnits(fresh.database)) === UNITS, { what: 'all are applied' });
      expect(await xpByUser(fresh.database)).to.deep.equal(expectedXp(UNITS));
      await closeAll([await worker, last]);
    });

    it('keeps the order of what is sent while Redis comes and goes, and the receipts', async () => {
      const ledger = openLedger();
      const receipts: Receipt<{ totalXp: number }>[] = [];
      let made = 0;
      const send = async () => {
        const number = ++made;
        const xp = { xp: 1 + (number % 7) };
        receipts[number - 1] = await ledger.addXp(1 + (number % 10), xp, { key: `upd-${number}` });
      };
      const sendUntil = async (enough: () => boolean) => {
        while (!enough()) await Promise.all([send(), send(), send()]);
      };
      for (let outage = 1; outage <= 4; outage++) {
        await sendUntil(() => made >= outage * 100);
        // One that is frozen may still take what it was sent.
        const frozen = outage % 2 === 0;
        const stopped = frozen ? redis.pause() : redis.stop();
        await sendUntil(() => ledger.spooled >= 50);
        await stopped;
        await (frozen ? redis.resume() : redis.start());
        await sendUntil(() => ledger.spooled === 0);
      }

      for (const numbers of await queuedNumbers()) expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b));
      const worker = await startWorker();
      const outcomes = await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 20_000 })));
      expect(await countUnits(fresh.database)).to.equal(receipts.length);
      const totals: Record<number, number> = {};
      for (const [index, { totalXp }] of outcomes.entries()) totals[1 + ((index + 1) % 10)] = totalXp;
      expect(totals).to.deep.equal(expectedXp(receipts.length));
      expect(await xpByUser(fresh.database)).to.deep.equal(totals);
      await closeAll([worker, ledger]);
    });

    /** The numbers of the units in each queue, in the order in which they were put there, each where it came first. */
    async function queuedNumbers(): Promise<number[][]> {
      const connection = openWorkerRedis(redis.url);
      const queues = new UnitQueues(connection, partitions);
      const numbers = await Promise.all(
        queues.all.map(async (queue) => {
          const jobs: Job<JobData>[] = await queue.getJobs(['wait'], 0, -1, true);
          const units = jobs.flatMap(({ data }) => data.units);
          return [...new Set(units.map(({ key }) => Number(key.replace('upd-', ''))))];
        }),
      );
      await closeAll([{ close: () => connection.quit() }, queues]);
      return numbers;
    }
  });
}

function expectedXp(units: number): Record<number, number> {
  const xp: Record<number, number> = {};
  for (let number = 1; number <= units; number++) {
    const user = 1 + (number % 10);
    xp[user] = (xp[user] ?? 0) + 1 + (number % 7);
  }
  return xp;
}

async function xpByUser({ sequelize }: Database): Promise<Record<number, number>> {
  const rows = await sequelize.query<{ telegram_id: number; total_xp: number }>(
    'SELECT telegram_id, total_xp FROM users',
    {
      type: QueryTypes.SELECT,
    },
  );
  return Object.fromEntries(rows.map((row) => [row.telegram_id, row.total_xp]));
}

const countUnits = ({ sequelize }: Database) => sequelize.getRepository(IdempotencyKey).count();
