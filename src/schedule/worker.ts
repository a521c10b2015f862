import { Queue, UnrecoverableError, Worker } from 'bullmq';
import { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import { type Closable, closeAll } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { gaugeRedis } from '../metrics.js';
import { queueName, SCHEDULE_QUEUE } from '../queue.js';
import { endRedis, openWorkerRedis } from '../redis.js';
import { type JobDependencies, type ScheduledJob, scheduledJobs } from './jobs.js';
import { ScheduleMetrics } from './metrics.js';
import { startRelay } from './relay.js';
import { putOnSchedule } from './timetable.js';

/** What a schedule worker needs. */
export interface ScheduleDependencies {
  config: JobDependencies['config'] & Pick<Config, 'redisUrl'>;
  database: Database;
  /** What this process measures; the worker adds its runs. */
  metrics?: Registry;
  logger: Logger;
}

/** Runs that Bull Board still shows: some hours of the job that runs every minute. */
const keepRuns = { count: 500 };

/** A long run of one job does not hold up the others. */
const CONCURRENCY = 4;

/**
 * Starts a schedule worker: sees to it that Redis holds the schedule, runs what is due, and hands events to the bots. However many of them
 * there are, each due run happens once; one that fails is not retried, because the next run does its work too.
 *
 * @param jobs by default all of them
 * @returns when the schedule is in Redis; `close()` lets running jobs finish the chunk at hand
 */
export async function startSchedule(
  { config, database, metrics = new Registry(), logger }: ScheduleDependencies,
  jobs: readonly ScheduledJob[] = scheduledJobs,
): Promise<Closable> {
  const closing = new AbortController();
  const redis = openWorkerRedis(config.redisUrl);
  const name = queueName(SCHEDULE_QUEUE, redis);
  const queue = new Queue(name, { connection: redis });
  queue.on('error', () => undefined);

  const worker = new Worker(
    name,
    (job) => findJob(jobs, job.name).runOnce({ config, database, signal: closing.signal }),
    { connection: redis, concurrency: CONCURRENCY, removeOnComplete: keepRuns, removeOnFail: keepRuns },
  );
  worker.on('error', (error) => logger.warn({ err: error.message }, 'Redis'));
  gaugeRedis(metrics, redis);
  const runs = new ScheduleMetrics({ metrics, database, redis, jobs: jobs.map(({ name }) => name) });
  worker.on('completed', ({ name }, result) => {
    runs.countDone(name).catch((error: Error) => logger.warn({ err: error.message }, 'Redis'));
    logger.info({ job: name, result }, 'scheduled job done');
  });
  worker.on('failed', (job, error) => {
    if (job) runs.countFailed(job.name);
    logger.warn({ job: job?.name, reason: error.message }, 'scheduled job failed; its next run does its work');
  });

  const close = async () => {
    closing.abort();
    // Without Redis a run cannot be reported as done, so there is nothing to wait for: it comes up again.
    const closeWorker = () => worker.close(redis.status !== 'ready');
    await closeAll([{ close: async () => endRedis(redis) }, queue, { close: closeWorker }]);
  };
  try {
    for (const job of jobs) {
      await putOnSchedule(queue, job);
      await runs.begin(job.name);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const relay = startRelay({ config, database, logger });
  logger.info({ jobs: jobs.map(({ name }) => name) }, 'schedule worker is ready');
  return { close: () => closeAll([{ close }, relay]) };
}

function findJob(jobs: readonly ScheduledJob[], name: string): ScheduledJob {
  const job = jobs.find((candidate) => candidate.name === name);
  if (!job) throw new UnrecoverableError(`no scheduled job is called ${name}: remove its scheduler in Bull Board`);
  return job;
}
