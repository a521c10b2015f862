import type { Job } from 'bullmq';
import { within } from '../../deadline.js';
import type { OperationState } from '../../domain/views.js';
import { IdempotencyConflictError, QueueUnavailableError } from '../../errors.js';
import { isOutage } from '../../failures.js';
import { checkUnit, type JobData, jobName, type Unit } from '../../operations/unit.js';
import { type UnitQueues, unitJobOptions } from '../../queue.js';
import type { LedgerRepository } from '../../repositories/ledger.js';
import { jobIdOf } from './job-id.js';

/** The database is asked as a courtesy: bots never wait for it. */
const LEDGER_PATIENCE_MS = 200;

/** Together with the above less than the second in which a bot is told that Redis is away. */
const REDIS_PATIENCE_MS = 700;

/** Takes in units that come over HTTP. */
export class Intake {
  readonly #units: UnitQueues;
  readonly #ledger: LedgerRepository;

  constructor(units: UnitQueues, ledger: LedgerRepository) {
    this.#units = units;
    this.#ledger = ledger;
  }

  /**
   * Puts a unit into the queue, unless it is there or applied already.
   *
   * @param contentHash of the unit, as checkUnit has it
   * @returns its state, once Redis holds it
   * @throws IdempotencyConflictError when its key belongs to a unit with other content
   * @throws QueueUnavailableError within a second when Redis is away; the unit may still have arrived
   */
  async put(unit: Unit, contentHash: string): Promise<OperationState> {
    const applied = await this.#findApplied(unit);
    if (applied) {
      requireSame(unit, contentHash, applied.contentHash);
      return { status: 'applied', outcomes: applied.outcomes };
    }
    const job = await this.#enqueue(unit);
    // BullMQ keeps the first job of an id in silence: only what it holds tells whether ours is the one.
    if (job) requireSame(unit, contentHash, hashOf(job));
    return job ? stateOf(job) : { status: 'waiting' };
  }

  /** What the ledger says; undefined as well when it does not say anything now, because the commit asks it again. */
  async #findApplied({ bot, key }: Unit) {
    try {
      return await within(LEDGER_PATIENCE_MS, this.#ledger.find(bot, key));
    } catch (error) {
      if (isOutage(error)) return undefined;
      throw error;
    }
  }

  async #enqueue(unit: Unit): Promise<Job | undefined> {
    const jobId = jobIdOf(unit.bot, unit.key);
    const queue = this.#units.of(unit);
    const add = async () => {
      // A unit of the same key that is about another user may be in another queue, where BullMQ does not see it.
      const known = this.#units.all.length > 1 ? await this.#units.find(jobId) : undefined;
      if (known) return known.job;
      await queue.add(jobName([unit]), { v: 1, units: [unit] }, { ...unitJobOptions, jobId });
      return queue.getJob(jobId);
    };
    try {
      return await within(REDIS_PATIENCE_MS, add());
    } catch (cause) {
      throw new QueueUnavailableError(unit.key, { cause });
    }
  }
}

function requireSame({ key }: Unit, ours: string, known: string | undefined): void {
  if (known !== ours) throw new IdempotencyConflictError(key);
}

/** The digest of what a job carries; undefined when that is no unit of ours. */
function hashOf({ data }: Job): string | undefined {
  try {
    return checkUnit((data as JobData).units[0], Number.POSITIVE_INFINITY).contentHash;
  } catch {
    return undefined;
  }
}

function stateOf({ finishedOn, failedReason, returnvalue }: Job): OperationState {
  // A retry notes why the attempt before failed, so the reason alone does not mean that the job did.
  if (!finishedOn) return { status: 'waiting' };
  if (failedReason) return { status: 'failed', reason: failedReason };
  return { status: 'applied', outcomes: returnvalue[0].outcomes };
}
