import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { query } from '../bench/sql.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import type { Unit } from '../src/operations/unit.js';
import { UNITS_QUEUE, unitJobOptions } from '../src/queue.js';
import { openWorkerRedis } from '../src/redis.js';
import type { Result } from './experiment.js';
import { ADMIN, Fleet } from './fleet.js';
import type { Options } from './options.js';
import type { Service } from './service.js';
import { operationsOf } from './work.js';

/** What a long queue costs. */
export interface BacklogResult extends Result {
  jobs: number;
  /** Jobs that were done while it was measured, and how long that took. */
  drained: number;
  seconds: number;
  /** The most memory that each process ever held (VmHWM), in MB. */
  peakMb: Record<string, number>;
  /** The slowest answer of each page that was asked for, in milliseconds. */
  slowestMs: Record<string, number>;
}

/** No process may hold more. */
const MOST_MB = 400;

/** By then every buffer has grown to its size. */
const DRAINED_AT_LEAST = 200_000;

const LOOK_EVERY_MS = 3_000;

/** A job that is added at a time costs a round trip each. */
const AT_ONCE = 5_000;

const PATIENCE_MS = 600_000;

/** A long queue, one unit per job, and processes that begin to work on it: none may need more memory for it. */
export async function measureBacklog(options: Options, say: (line: string) => void): Promise<BacklogResult> {
  const { jobs, seed } = options;
  const fleet = await Fleet.start(options);
  const connection = openWorkerRedis(fleet.redis.url);
  const queue = new Queue(UNITS_QUEUE, { connection });
  const opened: Closable[] = [fleet, { close: async () => connection.disconnect() }];
  try {
    await fill(queue, { jobs, seed }, say);
    const worker = [1, 2].map((number) => fleet.startService(`commit worker ${number}`, 'workers/commit.js'));
    const api = fleet.startService('API', 'workers/api.js');
    const services = [...worker, fleet.startService('schedule worker', 'workers/schedule.js'), api];
    await api.says('API is ready', 60_000);
    const cookie = await logIn(fleet);
    const start = performance.now();
    const peakMb: Record<string, number> = {};
    const slowestMs: Record<string, number> = {};
    const violations: string[] = [];
    let drained = 0;
    while (drained < Math.min(jobs, DRAINED_AT_LEAST) && performance.now() - start < PATIENCE_MS) {
      await pause(LOOK_EVERY_MS);
      violations.push(...(await ask(fleet, cookie, slowestMs)));
      drained = jobs - (await queue.getJobCountByTypes('wait', 'active', 'delayed'));
      for (const service of services) peakMb[service.name] = peakOf(service);
      say(`${drained} done, ${show(peakMb, 'MB')}`);
    }
    const seconds = Math.round((performance.now() - start) / 1_000);
    for (const [name, peak] of Object.entries(peakMb)) {
      if (peak > MOST_MB) violations.push(`${name} held ${peak} MB, more than ${MOST_MB}`);
    }
    if (drained < Math.min(jobs, DRAINED_AT_LEAST)) violations.push(`only ${drained} jobs were done in ${seconds} s`);
    const failed = await queue.getFailedCount();
    if (failed > 0) violations.push(`${failed} jobs failed`);
    const [row] = await query(fleet.databaseUrl, 'SELECT count(*)::int AS rows FROM idempotency_keys');
    say(`the ledger has ${row?.['rows']} rows`);
    const line = `backlog: ${jobs} jobs, ${drained} done in ${seconds} s, peaks: ${show(peakMb, 'MB')}, slowest answers: ${show(slowestMs, 'ms')}`;
    return { jobs, drained, seconds, peakMb, slowestMs, line, violations };
  } finally {
    await closeAll(opened);
  }
}

const show = (figures: Record<string, number>, unit: string) =>
  Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure} ${unit}`)
    .join(', ');

async function fill(
  queue: Queue,
  { jobs, seed }: { jobs: number; seed: number },
  say: (line: string) => void,
): Promise<void> {
  const at = Date.now();
  const jobOf = (number: number) => {
    const operations = operationsOf(seed, 'spin_bot', number);
    const unit: Unit = { bot: 'spin_bot', key: `upd-${number}`, at, operations };
    return { name: operations[0]?.name ?? '', data: { v: 1, units: [unit] }, opts: unitJobOptions };
  };
  for (let added = 0; added < jobs; added += AT_ONCE) {
    const length = Math.min(AT_ONCE, jobs - added);
    await queue.addBulk(Array.from({ length }, (_, index) => jobOf(added + index + 1)));
    if (added % 100_000 === 0) say(`${added + length} jobs wait`);
  }
}

/** The most memory that a process ever held, in MB, as Linux tells it. */
function peakOf({ pid }: Service): number {
  const [, kilobytes = 0] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}

async function logIn({ apiUrl }: Fleet): Promise<string> {
  const response = await fetch(`${apiUrl}/admin/login`, {
    method: 'POST',
    headers: { origin: apiUrl },
    body: new URLSearchParams(ADMIN),
    redirect: 'manual',
  });
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/** Asks for what people and programs look at meanwhile. @returns what is wrong with the answers */
async function ask({ apiUrl }: Fleet, cookie: string, slowestMs: Record<string, number>): Promise<string[]> {
  const problems: string[] = [];
  for (const path of ['/readyz', '/metrics', `/admin/queues/api/queues?activeQueue=${UNITS_QUEUE}&status=waiting`]) {
    const start = performance.now();
    const response = await fetch(`${apiUrl}${path}`, { headers: { cookie } });
    await response.arrayBuffer();
    const [name = ''] = path.split('?');
    slowestMs[name] = Math.max(slowestMs[name] ?? 0, Math.round(performance.now() - start));
    if (!response.ok) problems.push(`${name} answered ${response.status}`);
  }
  return problems;
}
