import type { Queue } from 'bullmq';
import type { Closable } from '../../src/lifecycle.js';

/** Where a contender's worker finds its servers. */
export interface Places {
  redisUrl: string;
  databaseUrl: string;
}

/** A way to get the workload done, on BullMQ. */
export interface Contender {
  readonly name: string;
  /** The queue its worker takes jobs from. */
  readonly queue: string;
  /** Jobs in a full run; fewer for the slow. */
  readonly jobs: number;
  /** Whether it writes what checkState looks for. */
  readonly commits: boolean;
  /** Puts the units with these numbers into the queue. */
  enqueue(queue: Queue, from: number, to: number): Promise<void>;
  /** Starts the worker, in a process of its own. */
  work(places: Places): Promise<Closable>;
}
