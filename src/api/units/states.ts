import type { Job, Queue } from 'bullmq';
import { within } from '../../deadline.js';
import type { OperationState } from '../../domain/views.js';
import type { JobWatchers, UnitAnswer } from '../../job-watcher.js';
import type { JobData, Unit } from '../../operations/unit.js';
import type { UnitQueues } from '../../queue.js';
import type { LedgerRepository } from '../../repositories/ledger.js';
import { jobIdOf } from './job-id.js';

const REDIS_PATIENCE_MS = 2_000;

/** How many failed jobs are looked through for a key, latest first, and how many of them at once. */
const MOST_SEARCHED = 1_000;
const PAGE = 100;

/** Knows what became of units. */
export class UnitStates {
  readonly #units: UnitQueues;
  readonly #ledger: LedgerRepository;
  readonly #watchers: JobWatchers;

  constructor(units: UnitQueues, ledger: LedgerRepository, watchers: JobWatchers) {
    this.#units = units;
    this.#ledger = ledger;
    this.#watchers = watchers;
  }

  /** What became of the unit with this key; undefined while nothing is known of it. */
  async find(bot: string, key: string): Promise<OperationState | undefined> {
    const applied = await this.#findApplied(bot, key);
    if (applied) return applied;
    const job = await within(REDIS_PATIENCE_MS, this.#findJob(bot, key));
    // It was applied between the two looks, or so long ago that the ledger has forgotten it.
    return job === 'completed' ? this.#findApplied(bot, key) : job;
  }

  /**
   * Waits until a unit that came over HTTP is applied or has failed.
   *
   * @param signal ends the waiting; then the unit is said to wait still
   */
  async settled(unit: Unit, signal: AbortSignal): Promise<OperationState> {
    const { bot, key } = unit;
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const { ended, leave } = this.#watchers.watch(this.#units.of(unit).name, jobIdOf(bot, key));
    const ending = await Promise.race([ended, aborted]).finally(leave);
    if (ending === undefined) return { status: 'waiting' };
    if (ending === 'gone') return (await this.find(bot, key)) ?? { status: 'waiting' };
    if ('reason' in ending) return { status: 'failed', reason: ending.reason };
    // It came alone in its job, so it is never moved to another.
    const [answer] = ending.answers as Extract<UnitAnswer, { key: string }>[];
    return { status: 'applied', outcomes: answer?.outcomes ?? [] };
  }

  async #findApplied(bot: string, key: string): Promise<OperationState | undefined> {
    const outcomes = await this.#ledger.outcomes(bot, key);
    return outcomes ? { status: 'applied', outcomes } : undefined;
  }

  async #findJob(bot: string, key: string): Promise<OperationState | 'completed' | undefined> {
    const jobId = jobIdOf(bot, key);
    const found = await this.#units.find(jobId);
    switch (await found?.job.getState()) {
      case undefined:
      case 'unknown':
        return this.#searchFailed(bot, key);
      case 'failed':
        return { status: 'failed', reason: (await found?.queue.getJob(jobId))?.failedReason ?? '' };
      case 'completed':
        return 'completed';
      default:
        return { status: 'waiting' };
    }
  }

  /** Units that the SDK sent are in jobs with other ids. */
  async #searchFailed(bot: string, key: string): Promise<OperationState | undefined> {
    const searches = await Promise.all(this.#units.all.map((queue) => searchFailed(queue, bot, key)));
    return searches.find((state) => state !== undefined);
  }
}

async function searchFailed(queue: Queue, bot: string, key: string): Promise<OperationState | undefined> {
  for (let start = 0; start < MOST_SEARCHED; start += PAGE) {
    const jobs: Job[] = await queue.getJobs(['failed'], start, start + PAGE - 1);
    const found = jobs.find(({ data }) => carries(data, bot, key));
    if (found) return { status: 'failed', reason: found.failedReason };
    if (jobs.length === 0) return undefined;
  }
  return undefined;
}

/** Whoever enqueues may write what they like. */
function carries(data: unknown, bot: string, key: string): boolean {
  const { units } = (data ?? {}) as Partial<JobData>;
  return Array.isArray(units) && units.some((unit) => unit?.bot === bot && unit.key === key);
}
