import type { Job } from 'bullmq';
import { expect } from 'chai';
import pg from 'pg';
import { Registry } from 'prom-client';
import { HeldJobs } from '../../src/commit/bounded-worker.js';
import { JobProcessor } from '../../src/commit/job-processor.js';
import { APPLICATION_NAME } from '../../src/database.js';
import { closeAll } from '../../src/lifecycle.js';
import { openWorkerRedis } from '../../src/redis.js';
import { openQueue, startWorker } from '../helpers/commit-worker.js';
import { freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

type Parts = ConstructorParameters<typeof JobProcessor>[0];

describe('A job whose lock was lost while it was under way', () => {
  it('is not waited for by the batch that its first run is to be in', () => {
    const held = new HeldJobs(1_000_000);
    const batcher = { submit: () => new Promise(() => undefined) };
    const processor = new JobProcessor({ batcher, held, maxUnitBytes: 1_000 } as unknown as Parts);
    const units = [{ bot: 'b', key: 'k', at: 1, operations: [{ name: 'addXp', telegramId: 1, xp: 5 }] }];
    for (let run = 1; run <= 3; run++) {
      const job = { id: '1', data: { v: 1, units }, attemptsMade: 0 } as unknown as Job;
      held.add(job, 100);
      void processor.process(job, undefined);
    }
    expect(held.moving).to.equal(1);
  });

  it('comes again, and gets what its first run gets', async () => {
    const fresh = await freshDatabase('postgres', { lookupsOnly: true });
    const redisUrl = await freshRedisUrl();
    const jobs = openQueue(redisUrl);
    const metrics = new Registry();
    const worker = await startWorker(fresh.database, redisUrl, { metrics, env: { STALLED_AFTER_SECONDS: '2' } });
    const redis = openWorkerRedis(redisUrl);
    const other = new pg.Client({ connectionString: fresh.url });
    await other.connect();
    try {
      await other.query(`SET application_name = '${APPLICATION_NAME}'`);
      // Another worker's batch, as it looks from here: it holds the ledger, so that the first run cannot end.
      await other.query('BEGIN');
      await other.query('LOCK TABLE idempotency_keys IN SHARE MODE');
      const operations = [{ name: 'addXp', telegramId: 1, xp: 5 }];
      const { id = '' } = await jobs.add({ v: 1, units: [{ bot: 'b', key: 'k', at: 1, operations }] });
      await jobs.reached(id, 'active');
      const lock = `${jobs.queue.toKey(id)}:lock`;
      const first = await redis.get(lock);
      const started = async () => Number(await redis.hget(jobs.queue.toKey(id), 'ats'));
      await until(async () => {
        // Not the lock of the second run, or there would be a third.
        if ((await redis.get(lock)) === first) await redis.del(lock);
        return (await started()) > 1;
      });
      await other.query('ROLLBACK');

      const done = await jobs.reached(id, 'completed');
      expect(done.returnvalue).to.deep.equal([
        { key: 'k', outcomes: [{ leveledUp: false, oldLevel: 1, newLevel: 1, totalXp: 5 }] },
      ]);
      const counted = (await metrics.getSingleMetric('botledger_units_total')?.get())?.values ?? [];
      const counts = Object.fromEntries(counted.map(({ labels, value }) => [labels['result'], value]));
      expect(counts).to.include({ applied: 1, repeated: 0, failed: 0, locked: 0 });
    } finally {
      await closeAll([
        fresh,
        { close: async () => void (await redis.quit()) },
        jobs,
        { close: () => other.end() },
        worker,
      ]);
    }
  });
});
