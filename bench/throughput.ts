import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { contenders } from './contenders/index.js';
import type { Servers } from './servers.js';
import { checkState } from './workload.js';

/** One run of a contender. */
export interface Run {
  /** Units committed per second, from the worker's start to the last job's end. */
  perSecond: number;
  /** CPU time of the worker process per unit, in microseconds, its start included. */
  cpuMicros: number;
  rssMb: number;
}

const POLL_MS = 5;

/**
 * Fills the queue, starts the worker in a process of its own, and waits until the queue is empty.
 *
 * @throws Error when the state afterwards is not exactly what it must be, or a job failed
 */
export async function measureThroughput(servers: Servers, name: string, jobs: number): Promise<Run> {
  const contender = contenders[name];
  if (!contender) throw new Error(`unknown contender ${name}`);
  const database = await servers.freshDatabase();
  const connection = new Redis(servers.redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(contender.queue, { connection });
  await contender.enqueue(queue, 0, jobs);

  const child = fork(fileURLToPath(new URL('./work.js', import.meta.url)), [name, servers.redisUrl, database.url]);
  await once(child, 'message');
  const start = performance.now();
  while ((await unfinished(queue)) > 0) await pause(POLL_MS);
  const seconds = (performance.now() - start) / 1_000;

  child.send('stop');
  const [{ cpuMs, rssMb }] = (await once(child, 'message')) as [{ cpuMs: number; rssMb: number }];
  await once(child, 'exit');
  const failed = await queue.getFailedCount();
  await queue.close();
  await connection.quit();
  if (failed > 0) throw new Error(`${contender.name}: ${failed} jobs failed`);
  if (contender.commits) await checkState(database, jobs);
  return { perSecond: jobs / seconds, cpuMicros: (cpuMs * 1_000) / jobs, rssMb };
}

async function unfinished(queue: Queue): Promise<number> {
  const {
    wait = 0,
    active = 0,
    delayed = 0,
    prioritized = 0,
  } = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized');
  return wait + active + delayed + prioritized;
}
