import type { Queue } from 'bullmq';
import { jobName } from '../../src/operations/unit.js';
import { unitJobOptions } from '../../src/queue.js';
import { unitNumber } from '../workload.js';

const CHUNK = 1_000;

/** One unit per job. */
export async function enqueueLone(queue: Queue, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += CHUNK) {
    const units = Array.from({ length: Math.min(CHUNK, to - start) }, (_, index) => unitNumber(start + index));
    await queue.addBulk(
      units.map((unit) => ({ name: jobName([unit]), data: { v: 1, units: [unit] }, opts: unitJobOptions })),
    );
  }
}
