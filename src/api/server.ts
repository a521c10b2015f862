import { once } from 'node:events';
import { Queue } from 'bullmq';
import { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { Database } from '../database.js';
import { EventQueues } from '../event-queue.js';
import { JobWatchers } from '../job-watcher.js';
import { type Closable, closeAll } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { failFast, queueName, SCHEDULE_QUEUE, UnitQueues } from '../queue.js';
import { openProducerRedis } from '../redis.js';
import { openTelemetry } from '../tracing.js';
import { type AppDependencies, createApp } from './app.js';
import { listen } from './listen.js';
import { Waits } from './units/waits.js';

/** What the API needs. */
export interface ApiDependencies {
  config: AppDependencies['config'] &
    Pick<
      Config,
      'databasePoolSize' | 'databaseReplicaUrls' | 'host' | 'port' | 'queuePartitions' | 'redisUrl' | 'tracing'
    >;
  database: Database;
  /** What this process measures; the API adds what the queues hold. */
  metrics?: Registry;
  logger: Logger;
}

/** How long a start waits for Redis. */
const REDIS_PATIENCE_MS = 1_000;

/** How long a read from a replica may take before the primary is read. */
const REPLICA_PATIENCE_MS = 2_000;

/**
 * Starts the HTTP API. It comes up without Redis or the database, and `/readyz` says what is missing.
 *
 * @returns when it listens; `close()` finishes the requests under way
 * @throws ConfigError when it cannot listen where it is told to
 */
export async function startApi({
  config,
  database,
  metrics = new Registry(),
  logger,
}: ApiDependencies): Promise<Closable & { url: string }> {
  const redis = openProducerRedis(config.redisUrl);
  // Usually it is there at once; without it most of the API answers all the same.
  await once(redis, 'ready', { signal: AbortSignal.timeout(REDIS_PATIENCE_MS) }).catch(() => undefined);
  const options = { ...failFast, skipMetasUpdate: true };
  const telemetry = await openTelemetry(config);
  const traced = telemetry ? { ...options, telemetry } : options;
  const units = new UnitQueues(redis, config.queuePartitions, traced);
  const schedule = new Queue(queueName(SCHEDULE_QUEUE, redis), { connection: redis, ...options });
  schedule.on('error', () => undefined);
  const events = new EventQueues(redis, options);
  const watchers = new JobWatchers(config.redisUrl, units);
  const waits = new Waits();
  const { databasePoolSize: poolSize } = config;
  const statementTimeoutMs = REPLICA_PATIENCE_MS;
  const replicas = config.databaseReplicaUrls.map(
    (url) => new Database({ url, poolSize, statementTimeoutMs, lookupsOnly: true }),
  );
  const opened: Closable[] = [{ close: async () => redis.disconnect() }, units, schedule, events, ...replicas];
  opened.push({ close: async () => watchers.close() });
  try {
    const app = createApp({
      config,
      database,
      replicas,
      redis,
      units,
      watchers,
      waits,
      schedule,
      events,
      metrics,
      logger,
    });
    const { host, port } = config;
    const { url, close } = await listen(app, { host, port, setting: 'PORT' });
    opened.push({ close: () => Promise.all([close(), waits.close()]) });
    logger.info({ url }, 'API is ready');
    return { url, close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}
