import express from 'express';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Closable } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { dataHeaders } from './headers.js';
import { listen } from './listen.js';
import { metricsRoutes } from './metrics.js';
import { notFound, problemHandler } from './problem.js';
import { requestLog } from './request-log.js';

/** What serving the metrics of a process without an API needs. */
interface MetricsServerDependencies {
  config: Pick<Config, 'host' | 'metricsPort' | 'metricsToken' | 'production'>;
  metrics: Registry;
  logger: Logger;
}

/**
 * Serves `/metrics` for a process that serves nothing else.
 *
 * @throws ConfigError when it cannot listen where it is told to
 */
export async function startMetricsServer({ config, metrics, logger }: MetricsServerDependencies): Promise<Closable> {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestLog(logger), dataHeaders, metricsRoutes({ config, metrics }).router, notFound, problemHandler(logger));
  const { host, metricsPort: port } = config;
  const server = await listen(app, { host, port, setting: 'METRICS_PORT' });
  logger.info({ url: `${server.url}/metrics` }, 'metrics are served');
  return server;
}
