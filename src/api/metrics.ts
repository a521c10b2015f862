import type { RequestHandler } from 'express';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { hasDigest } from '../secrets.js';
import { bearerToken, unauthorized } from './auth.js';
import { Routes } from './route.js';

/** What `/metrics` answers from. */
interface MetricsDependencies {
  config: Pick<Config, 'metricsToken' | 'production'>;
  metrics: Registry;
  /** Brings the metrics up to date that are not counted as things happen. */
  measure?: () => Promise<void>;
}

/** `/metrics`: what this process measures, for Prometheus. */
export function metricsRoutes({ config, metrics, measure }: MetricsDependencies): Routes {
  const routes = new Routes('metrics', 'metrics');
  routes.add(
    {
      id: 'getMetrics',
      method: 'get',
      path: '/metrics',
      summary: 'What this process measures, as Prometheus reads it',
      details: 'Without METRICS_TOKEN it is open to everybody in development, and to nobody in production.',
      params: {},
      query: {},
      answers: {
        200: {
          description: 'In the text format of Prometheus',
          text: '# TYPE botledger_redis_up gauge\nbotledger_redis_up 1\n',
        },
      },
    },
    letInWithToken(config),
    async (_req, res) => {
      await measure?.();
      res.set({ 'Cache-Control': 'no-store', 'Content-Type': metrics.contentType }).send(await metrics.metrics());
    },
  );
  return routes;
}

function letInWithToken({ metricsToken, production }: MetricsDependencies['config']): RequestHandler {
  return (req, _res, next) => {
    const shown = bearerToken(req);
    const known = metricsToken === undefined ? !production : shown !== undefined && hasDigest(shown, metricsToken);
    if (!known) {
      throw unauthorized('Bearer', 'Set METRICS_TOKEN, and send the header Authorization: Bearer <that token>');
    }
    next();
  };
}
