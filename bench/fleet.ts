import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { type Closable, closeAll } from '../src/lifecycle.js';
import type { Child } from './child.js';
import type { Contender, Places } from './contenders/contender.js';
import { withQueue } from './contenders/enqueue.js';
import type { Usage } from './serve.js';
import type { Range } from './workload.js';

const POLL_MS = 5;

const PATIENCE_MS = 180_000;

/** The worker processes of a contender. Stopped and started again, they have not forgotten what V8 has learnt. */
export class Fleet implements Closable {
  readonly #children: Child[];

  constructor(
    readonly contender: Contender,
    readonly places: Places,
  ) {
    this.#children = Array.from({ length: contender.processes }, () => contender.launch(places));
  }

  /** Puts units where the workers will find them. */
  fill(range: Range): Promise<void> {
    return this.contender.fill(range, this.places, this.#first);
  }

  async start(range: Range, options: { noteCommits?: boolean } = {}): Promise<void> {
    await Promise.all(this.#children.map((child) => child.ask('start', { range, ...options })));
  }

  /** Waits until everything that was filled in is done. */
  async finished(): Promise<void> {
    const { queue } = this.contender;
    if (queue) await withQueue(queue, this.places.redisUrl, untilEmpty);
    else await this.#first.ask('finished');
  }

  /** @throws Error when something failed, or is left */
  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.ask('stop')));
    const { queue } = this.contender;
    if (queue) return withQueue(queue, this.places.redisUrl, refuseFailures);
    const left = await this.#first.ask<number>('unfinished');
    if (left > 0) throw new Error(`${left} jobs were not finished`);
  }

  /** When each unit was committed, by the common clock, if it was started with `noteCommits`. */
  async commits(): Promise<Map<string, number>> {
    const all = await Promise.all(this.#children.map((child) => child.ask<[string, number][]>('commits')));
    return new Map(all.flat());
  }

  /** What all processes have used together. */
  async usage(): Promise<Usage> {
    const all = await Promise.all(this.#children.map((child) => child.usage()));
    const sum = (name: keyof Usage) => all.reduce((total, usage) => total + usage[name], 0);
    return { cpuMs: sum('cpuMs'), rssMb: sum('rssMb') };
  }

  async close(): Promise<void> {
    await closeAll(this.#children);
  }

  get #first(): Child {
    return this.#children[0] as Child;
  }
}

/**
 * Waits until a queue has nothing left to do.
 *
 * @throws Error when that takes longer than the slowest should need
 */
export async function untilEmpty(queue: Queue): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = await unfinished(queue);
    if (left === 0) return;
    if (performance.now() > deadline) throw new Error(`${left} jobs are left after ${PATIENCE_MS / 60_000} minutes`);
    await pause(POLL_MS);
  }
}

async function refuseFailures(queue: Queue): Promise<void> {
  const count = await queue.getFailedCount();
  const [first] = await queue.getFailed(0, 0);
  if (count > 0) throw new Error(`${count} jobs failed, one of them because: ${first?.failedReason}`);
}

/** Jobs that are not done yet. */
export async function unfinished(queue: Queue): Promise<number> {
  const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized');
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
