import type { Closable } from '../../src/lifecycle.js';
import type { Child } from '../child.js';
import type { Range } from '../workload.js';

/** Where a contender finds its servers. */
export interface Places {
  redisUrl: string;
  databaseUrl: string;
}

/** Hears of units that have just been committed. */
export type Note = (keys: readonly string[]) => void;

/** What a worker gets to do. */
export interface Work extends Places {
  /** The units that wait for it; whoever has a queue finds them there. */
  range: Range;
  /** Wants to know the keys of units that have just been committed, if it is there. */
  note?: Note;
}

/** A worker at work. */
export interface Working extends Closable {
  /** Resolves when the range is done, for those without a BullMQ queue. */
  readonly finished?: Promise<void>;
}

/** A way to get the workload done. */
export interface Contender {
  readonly title: string;
  /** Units in a full run; fewer for the slow. */
  readonly units: number;
  /** Worker processes. */
  readonly processes: number;
  /** Whether it writes what checkState looks for. */
  readonly commits: boolean;
  /** The BullMQ queue that its worker takes jobs from; others say themselves when they have finished. */
  readonly queue?: string;
  /** Puts units where the workers will find them. */
  fill(range: Range, places: Places, worker: Child): Promise<void>;
  /** Starts a process that understands start, finished, stop and, if `fill` asks for it, fill. */
  launch(places: Places): Child;
  /** What happens in that process when it is work.js. */
  work?(work: Work): Promise<Working>;
}
