import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from './database.js';
import { within } from './deadline.js';
import type { RedisClient } from './redis.js';

/** How long a figure may take that has to be asked for: a scrape does not wait for what is away. */
const PATIENCE_MS = 1_000;

/**
 * What this process measures, for Prometheus: each part adds its own. It begins with what Node.js tells of itself.
 *
 * @param databases what this process has open; one may be given twice
 */
export function openMetrics(...databases: readonly Database[]): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  gaugeConnections(metrics, new Set(databases));
  return metrics;
}

/** Adds whether Redis answers. Parts that share a process ask the same Redis, so the first of them is enough. */
export function gaugeRedis(metrics: Registry, redis: RedisClient): void {
  const name = 'botledger_redis_up';
  if (metrics.getSingleMetric(name)) return;
  new Gauge({
    name,
    help: 'Whether Redis answers this process',
    registers: [metrics],
    async collect() {
      // A worker's command would wait for the connection to come back.
      const answers = redis.status === 'ready' && (await answerOf(redis.ping()));
      this.set(answers ? 1 : 0);
    },
  });
}

/** What was asked for, if the answer comes in time. */
export const answerOf = <T>(work: Promise<T>): Promise<T | undefined> =>
  within(PATIENCE_MS, work).catch(() => undefined);

/** Asks once for all who ask before there is an answer: gauges that one statement tells are collected together. */
export function askTogether<T>(ask: () => Promise<T>): () => Promise<T | undefined> {
  let asked: Promise<T | undefined> | undefined;
  return () => {
    asked ??= answerOf(ask()).finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

/** Sets a gauge without labels, or leaves it out of the answer while its value is not known. */
export function setIfKnown(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

function gaugeConnections(metrics: Registry, databases: ReadonlySet<Database>): void {
  new Gauge({
    name: 'botledger_database_connections',
    help: 'Connections to PostgreSQL by state: busy; idle; wanted, by who waits for one; most, that there may be',
    labelNames: ['state'],
    registers: [metrics],
    collect() {
      const pools = [...databases].flatMap(({ pool }) => pool ?? []);
      if (pools.length === 0) return;
      const sum = (count: (pool: (typeof pools)[number]) => number) =>
        pools.reduce((total, pool) => total + count(pool), 0);
      this.set(
        { state: 'busy' },
        sum(({ using }) => using),
      );
      this.set(
        { state: 'idle' },
        sum(({ available }) => available),
      );
      this.set(
        { state: 'wanted' },
        sum(({ waiting }) => waiting),
      );
      this.set(
        { state: 'most' },
        sum(({ maxSize }) => maxSize),
      );
    },
  });
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
