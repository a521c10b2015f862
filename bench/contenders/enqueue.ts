import type { Queue } from 'bullmq';
import { jobName, type Unit } from '../../src/operations/unit.js';
import { unitJobOptions } from '../../src/queue.js';
import { unitNumber } from '../workload.js';

const CHUNK = 1_000;
const PACK = 128;

/** One unit per job. */
export async function enqueueLone(queue: Queue, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += CHUNK) {
    const units = Array.from({ length: Math.min(CHUNK, to - start) }, (_, index) => unitNumber(start + index));
    await queue.addBulk(
      units.map((unit) => ({ name: jobName([unit]), data: { v: 1, units: [unit] }, opts: unitJobOptions })),
    );
  }
}

/** As many units per job as the SDK puts into a pack. */
export async function enqueuePacks(queue: Queue, from: number, to: number): Promise<void> {
  const packs: Unit[][] = [];
  for (let start = from; start < to; start += PACK) {
    packs.push(Array.from({ length: Math.min(PACK, to - start) }, (_, index) => unitNumber(start + index)));
  }
  await queue.addBulk(packs.map((units) => ({ name: jobName(units), data: { v: 1, units }, opts: unitJobOptions })));
}
