import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { jobName, type Unit } from '../../src/operations/unit.js';
import { unitJobOptions } from '../../src/queue.js';
import { type Range, unitNumber } from '../workload.js';

/** Makes the unit with a number. */
export type UnitMaker = (number: number) => Unit;

/** Jobs that one addBulk sends. */
export const BULK = 1_000;

/** Units that the SDK puts into one job at most. */
export const PACK = 128;

/** Packs that one addBulk sends. */
const BULK_PACKS = 100;

/** Opens a queue for the time of some work. */
export async function withQueue<T>(name: string, redisUrl: string, work: (queue: Queue) => Promise<T>): Promise<T> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection });
  try {
    return await work(queue);
  } finally {
    await queue.close();
    await connection.quit();
  }
}

/** One unit per job. */
export async function enqueueLone(queue: Queue, range: Range, unitOf: UnitMaker = unitNumber): Promise<void> {
  await addJobs(queue, range, 1, BULK, unitOf);
}

/** As many units per job as the SDK puts into a pack. */
export async function enqueuePacks(queue: Queue, range: Range, unitOf: UnitMaker = unitNumber): Promise<void> {
  await addJobs(queue, range, PACK, BULK_PACKS, unitOf);
}

/** The job that carries these units, as the SDK makes it. */
export const jobOf = (units: Unit[]) => ({ name: jobName(units), data: { v: 1, units }, opts: unitJobOptions });

async function addJobs(queue: Queue, { from, to }: Range, perJob: number, jobsAtOnce: number, unitOf: UnitMaker) {
  for (let start = from; start < to; start += perJob * jobsAtOnce) {
    const end = Math.min(to, start + perJob * jobsAtOnce);
    const jobs = [];
    for (let first = start; first < end; first += perJob) {
      const length = Math.min(perJob, end - first);
      jobs.push(jobOf(Array.from({ length }, (_, index) => unitOf(first + index))));
    }
    await queue.addBulk(jobs);
  }
}
