import express from 'express';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import { type Closable, closeAll } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { openProducerRedis } from '../redis.js';
import { dataHeaders } from './headers.js';
import { healthRoutes } from './health.js';
import { listen } from './listen.js';
import { metricsRoutes } from './metrics.js';
import { notFound, problemHandler } from './problem.js';
import { onceAnswered, requestLog } from './request-log.js';

/** What serving the metrics of a process without an API needs. */
interface MetricsServerDependencies {
  config: Pick<Config, 'host' | 'metricsPort' | 'metricsToken' | 'production' | 'queuePartitions' | 'redisUrl'>;
  database: Database;
  metrics: Registry;
  logger: Logger;
}

/**
 * Serves `/metrics`, `/healthz` and `/readyz` for a process that serves nothing else. It is ready when the database takes
 * writes.
 *
 * @throws ConfigError when it cannot listen where it is told to
 */
export async function startMetricsServer({
  config,
  database,
  metrics,
  logger,
}: MetricsServerDependencies): Promise<Closable> {
  const app = express();
  app.disable('x-powered-by');
  const redis = openProducerRedis(config.redisUrl);
  const health = healthRoutes({ config, database, redis, writes: true });
  app.use(onceAnswered(requestLog(logger)), dataHeaders);
  for (const routes of [metricsRoutes({ config, metrics }), health]) routes.addTo(app);
  app.use(notFound, problemHandler(logger));
  const { host, metricsPort: port } = config;
  const opened: Closable[] = [{ close: async () => redis.disconnect() }];
  try {
    const server = await listen(app, { host, port, setting: 'METRICS_PORT' });
    opened.push(server);
    logger.info({ url: `${server.url}/metrics` }, 'metrics are served');
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
  return { close: () => closeAll(opened) };
}
