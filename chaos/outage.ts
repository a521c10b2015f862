import { setTimeout as pause } from 'node:timers/promises';
import { Queue, QueueEvents } from 'bullmq';
import { query } from '../bench/sql.js';
import { Database } from '../src/database.js';
import { BotLedger } from '../src/index.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import { UNITS_QUEUE } from '../src/queue.js';
import { openWorkerRedis } from '../src/redis.js';
import { until } from '../test/helpers/until.js';
import { findViolations } from './checks.js';
import { watch } from './drain.js';
import type { Result } from './experiment.js';
import { readFacts, readJournals } from './facts.js';
import { Fleet } from './fleet.js';
import type { Options } from './options.js';
import { targets } from './plan.js';
import { sendUnit } from './send.js';
import { settle } from './settle.js';
import { bots, operationsOf } from './work.js';

/** What became of units that were sent while PostgreSQL was away. */
export interface OutageResult extends Result {
  seconds: number;
  seed: number;
  unitsPerSecond: number;
  /** Units that waited when PostgreSQL was back, and in how many jobs. */
  backlog: number;
  backlogJobs: number;
  /** How many such jobs the workers did in a second before: what a job costs depends little on how many units it has. */
  ratePerSecond: number;
  /** How long it took until nothing waited any more, and how long that rate allowed. */
  backlogSeconds: number;
  allowedSeconds: number;
  failedJobs: number;
  /** Jobs that took more than one attempt. */
  burntAttempts: number;
}

/** New units of each of the two producers. */
const UNITS_PER_SECOND = 150;

const RATE_UNITS = 20_000;

const BEFORE_MS = 5_000;

/** Workers look for the database at most this far apart. */
const PROBE_SECONDS = 6;

/** Other work of the machine may halve the rate. */
const MARGIN = 2;

/** In a steady state, some jobs are always under way. */
const UNDER_WAY = 20;

/** PostgreSQL goes away under steady load and comes back: nothing fails, and what waited is soon done. */
export async function measureOutage(options: Options, say: (line: string) => void): Promise<OutageResult> {
  const { seconds, seed } = options;
  const fleet = await Fleet.start(options);
  const opened: Closable[] = [fleet];
  try {
    const ratePerSecond = await measureRate(fleet, seed);
    say(`four workers do ${ratePerSecond} such jobs a second`);
    const services = await fleet.startAll(seed, UNITS_PER_SECOND);
    const left = watch(fleet, () => undefined);
    const attempts = await watchAttempts(fleet);
    opened.push(left, attempts);
    await pause(BEFORE_MS);
    say(`PostgreSQL stops for ${seconds} s`);
    await fleet.postgres.stop('immediate');
    const told = setInterval(() => void left.jobs().then((jobs) => say(`${jobs} jobs wait`)), 10_000);
    await pause(seconds * 1_000);
    clearInterval(told);
    await fleet.postgres.start();
    const back = performance.now();
    const [backlog, backlogJobs] = await Promise.all([unappliedUnits(fleet), left.jobs()]);
    say(`PostgreSQL is back: ${backlog} units wait in ${backlogJobs} jobs`);
    const unitsPerSecond = UNITS_PER_SECOND * bots.length;
    const spare = Math.max(1, ratePerSecond - backlogJobs / seconds);
    const allowedSeconds = PROBE_SECONDS + (MARGIN * backlogJobs) / spare;
    await until(async () => (await left.jobs()) <= UNDER_WAY, { timeoutMs: 600_000, what: 'the backlog is gone' });
    const backlogSeconds = (performance.now() - back) / 1_000;
    const problems = await settle(fleet, services.producer, say);
    const facts = await readFacts(
      readJournals((bot) => fleet.journalOf(bot)),
      fleet.databaseUrl,
      fleet.redis.url,
    );
    const violations = [...problems, ...findViolations(facts)];
    const burntAttempts = await attempts.burnt();
    if (burntAttempts > 0) violations.push(`${burntAttempts} attempts were burnt`);
    if (backlogSeconds > allowedSeconds) violations.push(`the backlog took ${backlogSeconds} s`);
    const failedJobs = facts.failed.filter(({ units }) => !units.every((id) => facts.forgeries.has(id))).length;
    const figures = { backlogSeconds: tenths(backlogSeconds), allowedSeconds: tenths(allowedSeconds) };
    const waited = { unitsPerSecond, backlog, backlogJobs, ratePerSecond };
    const result = { seconds, seed, ...waited, ...figures, failedJobs, burntAttempts };
    return { ...result, line: lineOf(result), violations };
  } finally {
    await closeAll(opened);
  }
}

const tenths = (seconds: number) => Math.round(seconds * 10) / 10;

function lineOf(result: Omit<OutageResult, 'line' | 'violations'>): string {
  const { seconds, unitsPerSecond, backlog, backlogJobs, ratePerSecond, backlogSeconds, allowedSeconds } = result;
  return [
    `outage: PostgreSQL away for ${seconds} s at ${unitsPerSecond} units/s, ${backlog} units waited in ${backlogJobs} jobs`,
    `gone in ${backlogSeconds} s (allowed: ${allowedSeconds} s at ${ratePerSecond} jobs/s)`,
    `${result.failedJobs} failed jobs, ${result.burntAttempts} burnt attempts`,
  ].join(', ');
}

/** How many such jobs the workers do in a second, from a queue that is full. On a database of its own. */
async function measureRate(fleet: Fleet, seed: number): Promise<number> {
  const url = await fleet.postgres.createDatabase('rate');
  const database = new Database({ url });
  await database.migrate();
  await database.close();
  const redisUrl = `${fleet.redis.url}/1`;
  const ledger = new BotLedger({ bot: 'spin_bot', redisUrl });
  // As many at once as a producer sends in a tick: about as large are the packs.
  for (let sent = 0; sent < RATE_UNITS; sent += 8) {
    const tick = Array.from({ length: 8 }, (_, index) => sent + index + 1);
    const at = Date.now();
    await Promise.all(
      tick.map((number) =>
        sendUnit(ledger, { key: `upd-${number}`, at, operations: operationsOf(seed, 'spin_bot', number) }),
      ),
    );
  }
  await ledger.close();
  const environment = { DATABASE_URL: url, REDIS_URL: redisUrl };
  const workers = Array.from({ length: targets.worker }, (_, index) =>
    fleet.startService(`rate worker ${index + 1}`, 'workers/commit.js', { environment }),
  );
  const redis = openWorkerRedis(redisUrl);
  const queue = new Queue(UNITS_QUEUE, { connection: redis });
  const left = () => queue.getJobCountByTypes('wait', 'active', 'delayed');
  const full = await left();
  await until(async () => (await left()) < full, { timeoutMs: 60_000, what: 'a worker begins' });
  const start = performance.now();
  await until(async () => (await left()) === 0, { timeoutMs: 120_000, what: 'the workers are done' });
  const seconds = (performance.now() - start) / 1_000;
  redis.disconnect();
  await Promise.all(workers.map((worker) => worker.close()));
  return Math.round(full / seconds);
}

/**
 * Follows the events of the queue. A job that is put off waits for another attempt, or, without having spent one, for
 * rows that somebody else has locked.
 */
async function watchAttempts(fleet: Fleet): Promise<Closable & { burnt(): Promise<number> }> {
  const connection = openWorkerRedis(fleet.redis.url);
  const queue = new Queue(UNITS_QUEUE, { connection });
  const events = new QueueEvents(UNITS_QUEUE, { connection });
  const burnt = new Set<string>();
  events.on('delayed', async ({ jobId }) => {
    const job = await queue.getJob(jobId);
    if (job && job.attemptsMade > 0) burnt.add(jobId);
  });
  await events.waitUntilReady();
  return {
    async burnt() {
      // As far as they are kept.
      const finished = await queue.getJobs(['completed', 'failed']);
      for (const { id = '', attemptsMade } of finished) if (attemptsMade > 1) burnt.add(id);
      return burnt.size;
    },
    close: () => closeAll([{ close: async () => connection.disconnect() }, events]),
  };
}

async function unappliedUnits(fleet: Fleet): Promise<number> {
  const { acknowledged } = readJournals((bot) => fleet.journalOf(bot));
  const rows = await query(fleet.databaseUrl, "SELECT bot_name || ' ' || key AS id FROM idempotency_keys");
  const applied = new Set(rows.map(({ id }) => id));
  return [...acknowledged].filter((id) => !applied.has(id)).length;
}
