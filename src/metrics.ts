import { collectDefaultMetrics, Registry } from 'prom-client';

/** What this process measures, for Prometheus: each part adds its own. It begins with what Node.js tells of itself. */
export function openMetrics(): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  return metrics;
}
