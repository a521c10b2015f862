import { type Job, Worker } from 'bullmq';
import pg from 'pg';
import type { JobData, Unit } from '../../src/operations/unit.js';
import { keepCompleted } from '../../src/queue.js';
import type { Contender, Note } from './contender.js';
import { enqueueLone, withQueue } from './enqueue.js';
import { launchWorker } from './launch.js';
import { openPlainRedis } from './plain-redis.js';
import { ONE_UNIT } from './sql.js';

/** The queue of this contender. */
export const STATEMENT_QUEUE = 'bench-statement';

const CONCURRENCY = 20;

/** One hand-written SQL statement per job: what a careful programmer writes without botledger. */
export const statement: Contender = {
  title: 'BullMQ, one SQL statement a job',
  units: 8_000,
  processes: 1,
  commits: true,
  queue: STATEMENT_QUEUE,
  fill: (range, { redisUrl }) => withQueue(STATEMENT_QUEUE, redisUrl, (queue) => enqueueLone(queue, range)),
  launch: (places) => launchWorker('statement', places),
  async work({ redisUrl, databaseUrl, note }) {
    const connection = openPlainRedis(redisUrl);
    const pool = new pg.Pool({ connectionString: databaseUrl, max: CONCURRENCY });
    const worker = new Worker(STATEMENT_QUEUE, (job: Job<JobData>) => apply(pool, job.data.units[0] as Unit, note), {
      connection,
      concurrency: CONCURRENCY,
      removeOnComplete: keepCompleted,
    });
    await worker.waitUntilReady();
    return {
      async close() {
        await worker.close();
        await connection.quit();
        await pool.end();
      },
    };
  },
};

async function apply(pool: pg.Pool, { key, operations }: Unit, note?: Note): Promise<unknown> {
  const [operation] = operations;
  const values = [key, operation?.telegramId, operation?.['xp']];
  const { rows } = await pool.query({ name: 'one unit', text: ONE_UNIT, values });
  note?.([key]);
  return rows;
}
