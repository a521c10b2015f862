import { type Job, Queue } from 'bullmq';
import { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Database, DatabaseOptions } from '../database.js';
import { tellOfNews } from '../event-queue.js';
import { HotSessions } from '../hot/sessions.js';
import { type Closable, closeAll } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { gaugeDatabase, gaugeRedis } from '../metrics.js';
import type { Operation } from '../operations/operation.js';
import { findOperation } from '../operations/registry.js';
import { Signatures } from '../operations/signature.js';
import type { Unit } from '../operations/unit.js';
import { FIRST_DELAY_MS, keepCompleted } from '../queue.js';
import { endRedis, openWorkerRedis } from '../redis.js';
import { openTelemetry } from '../tracing.js';
import { BatchMetrics } from './batch-metrics.js';
import { Batcher } from './batcher.js';
import { BoundedWorker, HeldJobs } from './bounded-worker.js';
import { Committer } from './committer.js';
import { DatabaseWatch } from './database-watch.js';
import { HotUsers } from './hot-users.js';
import { JobProcessor } from './job-processor.js';
import { mendJobs } from './mend-jobs.js';
import { CommitMetrics } from './metrics.js';
import { Partitions } from './partitions.js';
import { RedisTrouble } from './redis-trouble.js';
import { CommitSpans } from './spans.js';

/** What a commit worker needs. */
export interface CommitDependencies {
  config: Config;
  database: Database;
  /** What this process measures; the worker adds what it does. */
  metrics?: Registry;
  logger: Logger;
}

// Units are safe to rerun, so a crash of the worker is never the job's fault.
const MANY_STALLS = 1_000_000;

// One batch that commits, one that overlaps it, and what gathers for the next.
const BATCHES_HELD = 4;

/**
 * How long a commit waits for PostgreSQL: half as long as a job may be without a sign of life, so that even a commit
 * that is given up and run again is over before the job goes to another worker.
 *
 * @returns the usual 15 s and 3 s, unless STALLED_AFTER_SECONDS is shorter than usual
 */
export function commitTimeouts({ stalledAfterMs }: Pick<Config, 'stalledAfterMs'>) {
  const statementTimeoutMs = Math.min(15_000, stalledAfterMs / 2);
  return {
    statementTimeoutMs,
    lockTimeoutMs: Math.min(3_000, statementTimeoutMs / 2),
  } satisfies Partial<DatabaseOptions>;
}

/**
 * Starts a commit worker: takes jobs off the queue and applies their units, exactly once each.
 *
 * @returns when it is connected; `close()` finishes the running batch and hands back what it cannot finish
 */
export async function startCommitWorker({
  config,
  database,
  metrics = new Registry(),
  logger,
}: CommitDependencies): Promise<Closable> {
  const redis = openWorkerRedis(config.redisUrl);
  const limits = { maxUnits: config.batchMaxUnits, maxBytes: config.batchMaxBytes };
  // If it is not told, the relay looks by itself after a while.
  const onEvents = () => void tellOfNews(redis).catch(() => undefined);
  const onLocked = (users: number) =>
    logger.warn({ users }, 'users that somebody else has locked for long; their units wait: see pg_stat_activity');
  const watch = new DatabaseWatch(database, logger);
  gaugeDatabase(metrics, () => watch.isUp);
  const { settings } = config;
  const committer = new Committer(database, { settings, onEvents, onLocked, metrics: new BatchMetrics(metrics) });
  const telemetry = await openTelemetry(config);
  const traced = telemetry ? { telemetry } : {};
  const held = new HeldJobs(BATCHES_HELD * config.batchMaxBytes, () => batcher.start());
  const batcher = new Batcher(committer, limits, watch, new CommitSpans(telemetry), held);
  const commitMetrics = new CommitMetrics(metrics);
  gaugeRedis(metrics, redis);
  const sessions = new HotSessions(redis, config.sessionTtlSeconds);
  const signatures = config.botSecrets && new Signatures(config.botSecrets, config.ledgerRetentionDays);
  const users = new HotUsers(database, sessions, logger);
  // Divided, so that what a process holds in memory, and leaves behind when it dies, does not grow with the partitions.
  const concurrency = Math.ceil(config.workerConcurrency / config.queuePartitions);

  const take = async (name: string) => {
    const queue = new Queue(name, { connection: redis, ...traced });
    const processor = new JobProcessor({
      batcher,
      held,
      redis,
      sessions,
      users,
      queue,
      maxUnitBytes: config.maxUnitBytes,
      signatures,
      metrics: commitMetrics,
      logger,
    });
    const options = {
      connection: redis,
      ...traced,
      concurrency,
      lockDuration: config.stalledAfterMs,
      stalledInterval: config.stalledAfterMs,
      maxStalledCount: MANY_STALLS,
      removeOnComplete: keepCompleted,
      settings: { backoffStrategy: delayOfUnknown },
    };
    const onWake = () => database.wake();
    const worker = new BoundedWorker(name, (job, token) => processor.process(job, token), options, held, onWake);
    const fetching = { stop: () => void worker.pause(true), goOn: () => void (watch.isUp && worker.resume()) };
    const trouble = new RedisTrouble(logger, fetching);
    worker.on('error', async (error: Error) => {
      const mended = isUnreadable(error) ? await mendJobs(queue, redis).catch(() => []) : [];
      if (mended.length === 0) trouble.note(error);
      else logger.warn({ queue: name, jobs: mended, err: error.message }, 'jobs that could not be read are mended');
    });
    worker.on('stalled', () => commitMetrics.countStalled());
    worker.on('failed', (job, error) =>
      logger.warn({ job: job?.id, name: job?.name, reason: error.message }, 'job failed'),
    );
    worker.on('completed', (job) => {
      // While it ran, the deletion in it could not remove it.
      if (isPackWithDeletion(job)) {
        job.remove().catch((error: Error) => logger.warn({ job: job.id, err: error.message }, 'job not removed'));
      }
    });
    queue.on('error', () => undefined);
    await worker.waitUntilReady();
    watch.add(fetching);
    return {
      async close(lost: Promise<void>) {
        trouble.close();
        // Without Redis nothing can be handed back, and to wait for it takes for ever: another worker gets the jobs.
        const [idle, gone] = [() => false, () => true];
        // One that is paused already would not wait for its jobs. In between nothing else runs, so it takes none.
        if (worker.isPaused()) void worker.resume();
        const paused = worker.pause().then(idle, gone);
        const force = (await Promise.race([paused, lost.then(gone)])) || redis.status !== 'ready';
        await closeAll([queue, { close: () => worker.close(force) }]);
      },
    };
  };
  const partitions = new Partitions(redis, take, { lookEveryMs: config.stalledAfterMs, logger });
  await partitions.open(config.queuePartitions);
  logger.info({ partitions: config.queuePartitions, concurrency, ...limits }, 'commit worker is ready');

  return {
    async close() {
      await watch.close();
      const lost =
        redis.status === 'ready' ? new Promise<void>((resolve) => redis.once('close', resolve)) : Promise.resolve();
      await partitions.close(lost);
      if (redis.status === 'ready') await redis.quit();
      endRedis(redis);
    },
  };
}

/** What BullMQ throws when the hash of a job is not as it writes them. */
const isUnreadable = (error: Error) => error instanceof SyntaxError || error instanceof TypeError;

/** Whoever enqueues may ask for a backoff that nobody knows: such a job would never end. */
const delayOfUnknown = (attemptsMade = 1) => FIRST_DELAY_MS * 2 ** Math.min(attemptsMade - 1, 7);

/** The SDK makes none, but whoever enqueues may. */
function isPackWithDeletion({ data }: Job<{ units: (Partial<Unit> | null)[] }>): boolean {
  const isDeletion = (unit: Partial<Unit> | null) => {
    const name: unknown = unit?.operations?.[0]?.name;
    const operation: Operation | undefined = typeof name === 'string' ? findOperation(name) : undefined;
    return operation?.alone === true;
  };
  return data.units.length > 1 && data.units.some(isDeletion);
}
