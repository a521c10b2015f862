import type { RequestHandler } from 'express';
import { Histogram, type Registry } from 'prom-client';
import { routeOf } from './request-log.js';

/** Measures each request once it is answered, or given up by who asked. */
export function requestMetrics(metrics: Registry): RequestHandler {
  const seconds = new Histogram({
    name: 'botledger_http_request_duration_seconds',
    help: 'How long requests took, by route and status; aborted, when who asked did not wait for the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [metrics],
  });
  return (req, res, next) => {
    const start = performance.now();
    res.once('close', () => {
      const route = routeOf(req);
      // A method that no route has may be anything that somebody thought of.
      const labels = { method: route ? req.method : 'other', route: route ?? 'none' };
      const status = res.writableFinished ? String(res.statusCode) : 'aborted';
      seconds.observe({ ...labels, status }, (performance.now() - start) / 1_000);
    });
    next();
  };
}
