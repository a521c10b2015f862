import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What this process measures, for Prometheus: each part adds its own. It begins with what Node.js tells of itself. */
export function openMetrics(): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  return metrics;
}

const DATABASE_UP = 'botledger_database_up';

/**
 * Adds the gauge that says whether the database works. Of the parts in one process the first has its say: the commit
 * worker knows by what it writes.
 */
export function gaugeDatabase(metrics: Registry, isUp: () => boolean | Promise<boolean>): void {
  if (metrics.getSingleMetric(DATABASE_UP)) return;
  new Gauge({
    name: DATABASE_UP,
    help: 'Whether the database works: for a commit worker that it takes writes, for the API that it answers',
    registers: [metrics],
    async collect() {
      this.set((await isUp()) ? 1 : 0);
    },
  });
}
