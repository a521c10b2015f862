// pg-boss as a contender: the parent is bench/contenders/peers.ts, the settings are those of its documentation.
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { serve, settings } from '../../dist/bench/serve.js';
import { insertInChunks } from './units.mjs';

const QUEUE = 'units';

const { databaseUrl, sql, batchSize, localConcurrency, transactional = false } = settings();

const pool = new pg.Pool({ connectionString: databaseUrl, max: localConcurrency });
const boss = new PgBoss({
  connectionString: databaseUrl,
  max: 2 * localConcurrency + 2,
  supervise: false,
  schedule: false,
});
boss.on('error', (error) => console.error(error.message));
await boss.start();
await boss.createQueue(QUEUE);

let left = 0;
let finish = () => undefined;
let finished = Promise.resolve();

serve({
  fill: (range) =>
    insertInChunks(range, (units) =>
      boss.insert(
        QUEUE,
        units.map((data) => ({ data })),
      ),
    ),
  async start({ range }) {
    left = range.to - range.from;
    finished = new Promise((resolve) => {
      finish = resolve;
    });
    const options = {
      batchSize,
      localConcurrency,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
      ...(transactional ? { transactional } : {}),
    };
    await boss.work(QUEUE, options, applyAll);
  },
  finished: () => finished,
  stop: () => boss.offWork(QUEUE, { wait: true }),
  unfinished: async () => {
    const { rows } = await pool.query("SELECT count(*)::int AS jobs FROM pgboss.job WHERE state <> 'completed'");
    return rows[0].jobs;
  },
});

async function applyAll(jobs, transaction) {
  const values = [
    jobs.map(({ data }) => data.key),
    jobs.map(({ data }) => data.telegramId),
    jobs.map(({ data }) => data.xp),
  ];
  if (transactional) await transaction.executeSql(sql, values);
  else await pool.query({ name: 'many units', text: sql, values });
  left -= jobs.length;
  if (left === 0) finish();
}
