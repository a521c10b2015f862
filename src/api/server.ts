import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Queue } from 'bullmq';
import type { Config } from '../config.js';
import { Database } from '../database.js';
import { ConfigError } from '../errors.js';
import { JobWatchers } from '../job-watcher.js';
import { type Closable, closeAll } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { failFast, queueName, SCHEDULE_QUEUE, UnitQueues } from '../queue.js';
import { openProducerRedis } from '../redis.js';
import { createApp } from './app.js';
import { Waits } from './units/waits.js';

/** What the API needs. */
export interface ApiDependencies {
  config: Pick<
    Config,
    | 'admin'
    | 'apiTokens'
    | 'databasePoolSize'
    | 'databaseReplicaUrls'
    | 'host'
    | 'maxUnitBytes'
    | 'port'
    | 'queuePartitions'
    | 'rateLimitPerMinute'
    | 'redisUrl'
    | 'trustedProxies'
  >;
  database: Database;
  logger: Logger;
}

/** A request that takes longer to arrive is dropped. */
const REQUEST_TIMEOUT_MS = 30_000;

/** How long a start waits for Redis. */
const REDIS_PATIENCE_MS = 1_000;

/** How long a read from a replica may take before the primary is read. */
const REPLICA_PATIENCE_MS = 2_000;

/** How long closing waits for answers under way. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Starts the HTTP API. It comes up without Redis or the database, and `/readyz` says what is missing.
 *
 * @returns when it listens; `close()` finishes the requests under way
 * @throws ConfigError when it cannot listen where it is told to
 */
export async function startApi({ config, database, logger }: ApiDependencies): Promise<Closable & { url: string }> {
  const redis = openProducerRedis(config.redisUrl);
  // Usually it is there at once; without it most of the API answers all the same.
  await once(redis, 'ready', { signal: AbortSignal.timeout(REDIS_PATIENCE_MS) }).catch(() => undefined);
  const options = { ...failFast, skipMetasUpdate: true };
  const units = new UnitQueues(redis, config.queuePartitions, options);
  const schedule = new Queue(queueName(SCHEDULE_QUEUE, redis), { connection: redis, ...options });
  schedule.on('error', () => undefined);
  const watchers = new JobWatchers(config.redisUrl, units);
  const waits = new Waits();
  const { databasePoolSize: poolSize } = config;
  const statementTimeoutMs = REPLICA_PATIENCE_MS;
  const replicas = config.databaseReplicaUrls.map((url) => new Database({ url, poolSize, statementTimeoutMs }));
  const opened: Closable[] = [{ close: async () => redis.disconnect() }, units, schedule, ...replicas];
  opened.push({ close: async () => watchers.close() });
  try {
    const app = createApp({ config, database, replicas, redis, units, watchers, waits, schedule, logger });
    const server = await listen(app, config);
    const url = addressOf(server);
    opened.push({ close: () => Promise.all([stop(server), waits.close()]) });
    logger.info({ url }, 'API is ready');
    return { url, close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function listen(app: RequestListener, { host, port }: Pick<Config, 'host' | 'port'>): Promise<Server> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, app);
  // A connection that was busy when the server closed would idle on for as long as its client keeps it alive.
  server.on('request', (_req, res) => {
    res.once('close', () => setImmediate(() => server.listening || server.closeIdleConnections()));
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ConfigError([
      `PORT ${port} on HOST ${host}: ${(error as Error).message}; set another, or stop what is there`,
    ]);
  }
  return server;
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  // Whoever listens everywhere is found here as well.
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Lets the requests under way finish; idle connections end at once. */
async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const giveUp = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
  await closed;
  clearTimeout(giveUp);
}
