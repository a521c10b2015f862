// graphile-worker as a contender: the parent is bench/contenders/peers.ts, the settings are those of its documentation.
import { Logger, makeWorkerUtils, run, WorkerPreset } from 'graphile-worker';
import { serve, settings } from '../../dist/bench/serve.js';
import { insertInChunks } from './units.mjs';

const { databaseUrl, sql, concurrentJobs, localQueue, completeDelayMs } = settings();

const preset = {
  extends: [WorkerPreset],
  worker: {
    connectionString: databaseUrl,
    concurrentJobs,
    maxPoolSize: concurrentJobs + 2,
    localQueue: { size: localQueue },
    completeJobBatchDelay: completeDelayMs,
    failJobBatchDelay: completeDelayMs,
    logger: new Logger(() => (level, message) => level === 'error' && console.error(message)),
  },
};
const utilities = await makeWorkerUtils({ preset });
await utilities.migrate();

let left = 0;
let finish = () => undefined;
let finished = Promise.resolve();
let runner;

serve({
  fill: (range) =>
    insertInChunks(range, (units) => utilities.addJobs(units.map((payload) => ({ identifier: 'unit', payload })))),
  async start({ range }) {
    left = range.to - range.from;
    finished = new Promise((resolve) => {
      finish = resolve;
    });
    runner = await run({ preset, noHandleSignals: true, taskList: { unit: apply } });
  },
  finished: () => finished,
  stop: () => runner.stop(),
  unfinished: () =>
    utilities.withPgClient(async (client) => {
      const { rows } = await client.query('SELECT count(*)::int AS jobs FROM graphile_worker.jobs');
      return rows[0].jobs;
    }),
});

async function apply({ key, telegramId, xp }, { withPgClient }) {
  await withPgClient((client) => client.query({ name: 'one unit', text: sql, values: [key, telegramId, xp] }));
  left -= 1;
  if (left === 0) finish();
}
