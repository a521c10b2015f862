import { hash } from 'node:crypto';
import { DelayedError, type Job, type Queue, UnrecoverableError, WaitingError } from 'bullmq';
import { earlier } from '../domain/time.js';
import { SignatureError, ValidationError } from '../errors.js';
import type { HotSessions } from '../hot/sessions.js';
import type { Logger } from '../logger.js';
import type { Signatures } from '../operations/signature.js';
import { type CheckedUnit, checkUnit, isAlone, jobName, readJob, type Unit } from '../operations/unit.js';
import { unitJobOptions } from '../queue.js';
import type { RedisClient } from '../redis.js';
import { type Batcher, InterruptedError } from './batcher.js';
import type { HeldJobs } from './bounded-worker.js';
import { LockedError } from './failures.js';
import { forgetEvents } from './forget-events.js';
import { forgetJobs } from './forget-jobs.js';
import type { HotUsers } from './hot-users.js';
import type { FailedUnit, UnitResult } from './ledger.js';
import type { CommitMetrics } from './metrics.js';
import { isHopeless, settleSessions } from './settle-sessions.js';
import { usersOf } from './users-of.js';

/** What a job answers for each of its units, in their order. */
export type UnitAnswer = { key: string; outcomes: readonly unknown[] } | { movedTo: string };

/** After this long it is tried again whether the rows of a unit are free. */
const LOCKED_PAUSE_MS = 1_000;

/** One completed job in so many lets go of those that are kept no longer: Redis takes as long for one as for all. */
const COMPLETED_PER_TRIM = 50;

/** A unit that its bot did not sign. Its sessions are settled, as those of any that fails for good. */
interface RefusedUnit extends FailedUnit {
  readonly unit: CheckedUnit;
}

/** A job's units, from when the batcher has them until they are settled. */
interface Run {
  readonly units: readonly CheckedUnit[];
  readonly results: Promise<UnitResult[]>;
}

/** What is done with a job's units, and what of them is said where. */
interface JobProcessorParts {
  readonly batcher: Batcher;
  readonly held: HeldJobs;
  readonly redis: RedisClient;
  readonly sessions: HotSessions;
  readonly users: HotUsers;
  /** The jobs' queue. */
  readonly queue: Queue;
  readonly maxUnitBytes: number;
  /** Undefined when units need not be signed. */
  readonly signatures: Signatures | undefined;
  readonly metrics: CommitMetrics;
  readonly logger: Logger;
}

/** Turns a job into units, and their results into the job's. */
export class JobProcessor {
  readonly #parts: JobProcessorParts;
  readonly #underWay = new Map<string, Run>();
  #completed = 0;

  constructor(parts: JobProcessorParts) {
    this.#parts = parts;
  }

  async process(job: Job, token: string | undefined): Promise<UnitAnswer[]> {
    const units = readUnits(job);
    const checked = units.map((raw) => this.#check(raw));
    const fitting = checked.filter((unit): unit is CheckedUnit => !('status' in unit));
    const first = this.#firstRun(job, fitting);
    // The one waits for the other; a deletion looks through all jobs, once it is committed.
    if (first || fitting.some(isAlone)) this.#parts.held.setAside(job);
    try {
      const settled = await (first ?? this.#submit(job, fitting));
      if (!first) {
        this.#parts.metrics.countJob(job, settled);
        for (const [index, unit] of fitting.entries()) this.#parts.metrics.count(unit, settled[index] as UnitResult);
      }
      const shown = this.#parts.users.show(
        fitting.flatMap((unit, index) => changedBy(unit, settled[index] as UnitResult)),
      );
      // What fails in a pack is tried again by itself.
      const last = units.length === 1 && !settled.some(isLocked) && job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      await Promise.all([
        shown,
        ...fitting.flatMap((unit, index) => this.#followUp(unit, settled[index] as UnitResult, last)),
        ...checked.flatMap((result) => ('unit' in result ? this.#followUp(result.unit, result, last) : [])),
      ]);
      let next = 0;
      const results = checked.map((unit) => ('status' in unit ? unit : (settled[next++] as UnitResult)));
      if (results.every(isLocked)) {
        await job.moveToDelayed(Date.now() + LOCKED_PAUSE_MS, token);
        throw new DelayedError('somebody else holds its rows');
      }
      if (this.#completed++ % COMPLETED_PER_TRIM > 0) job.opts.removeOnComplete ??= false;
      if (units.length === 1) return [answerAlone(units[0], results[0] as UnitResult)];
      return await Promise.all(results.map((result, index) => this.#answerInPack(units[index], result)));
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      this.#parts.metrics.countHandedBack();
      await job.moveToWait(token);
      throw new WaitingError(error.message);
    }
  }

  /**
   * A job whose lock was lost may come again while its first run is under way: then both get the first one's results.
   * Each would otherwise end the other's hold on the job (BullMQ renews locks by the job's id), and so on for ever.
   */
  #firstRun({ id = '' }: Job, units: readonly CheckedUnit[]): Promise<UnitResult[]> | undefined {
    const first = this.#underWay.get(id);
    return first && sameUnits(first.units, units) ? first.results : undefined;
  }

  #submit({ id = '', attemptsMade }: Job, units: readonly CheckedUnit[]): Promise<UnitResult[]> {
    const run = { units, results: this.#parts.batcher.submit(units, attemptsMade > 0) };
    this.#underWay.set(id, run);
    const forget = () => {
      if (this.#underWay.get(id) === run) this.#underWay.delete(id);
    };
    run.results.then(forget, forget);
    return run.results;
  }

  #check(raw: unknown): CheckedUnit | FailedUnit | RefusedUnit {
    let unit: CheckedUnit | undefined;
    try {
      unit = checkUnit(raw, this.#parts.maxUnitBytes);
      this.#parts.signatures?.check(unit, (raw as Unit).sig);
      return unit;
    } catch (error) {
      if (unit && error instanceof SignatureError) return this.#refuse(unit, error);
      if (!(error instanceof ValidationError)) throw error;
      this.#parts.metrics.countRefused('invalid');
      return { status: 'failed', error };
    }
  }

  #refuse(unit: CheckedUnit, error: SignatureError): RefusedUnit {
    this.#parts.metrics.countRefused('refused_signature');
    this.#parts.logger.warn({ bot: unit.bot, key: unit.key }, 'unit refused: its signature does not fit');
    return { status: 'failed', error, unit };
  }

  /** What the commit could not do in the database. It may happen twice, when the worker dies before the job is done. */
  #followUp(unit: CheckedUnit, result: UnitResult, last: boolean): Promise<unknown>[] {
    const settled = settleSessions(this.#parts.sessions, unit, result, last);
    if (result.status !== 'applied') return settled;
    const followUps = unit.operations.flatMap(({ operation, telegramId }, index) => {
      const { warning } = result.outcomes[index] as { warning?: string };
      if (warning) this.#parts.logger.warn({ name: operation.name, warning }, 'applied with a warning');
      if (!operation.alone || telegramId === undefined) return [];
      const at = earlier(unit.at, new Date());
      return [
        forgetJobs(this.#parts.redis, telegramId, at),
        forgetEvents(this.#parts.redis, telegramId, at),
        this.#parts.sessions.forget(telegramId, unit.key, at, true),
      ];
    });
    return [...settled, ...followUps];
  }

  /** A unit that fails in a pack becomes a job of its own, so that its retries and its end can be seen. */
  #answerInPack(raw: unknown, result: UnitResult): UnitAnswer | Promise<UnitAnswer> {
    if (result.status === 'applied') return { key: (raw as Unit).key, outcomes: result.outcomes };
    return this.#putBack(raw, result);
  }

  async #putBack(raw: unknown, result: FailedUnit): Promise<UnitAnswer> {
    // Named after its content, so that a pack that runs again does not put it back twice.
    const jobId = `split~${hash('sha256', JSON.stringify(raw), 'base64url').slice(0, 22)}`;
    const locked = isLocked(result);
    this.#parts.logger[locked ? 'debug' : 'warn'](
      { job: jobId, reason: result.error.message },
      'unit of a pack failed; put back as a job of its own',
    );
    this.#parts.metrics.countPutBack();
    const delay = locked ? LOCKED_PAUSE_MS : 0;
    await this.#parts.queue.add(nameOf(raw), { v: 1, units: [raw] }, { ...unitJobOptions, jobId, delay });
    return { movedTo: jobId };
  }
}

/** Also when it was applied before: the worker that did it may have died before it could say so. */
const changedBy = (unit: CheckedUnit, { status }: UnitResult) => (status === 'applied' ? usersOf(unit) : []);

const sameUnits = (some: readonly CheckedUnit[], others: readonly CheckedUnit[]) =>
  some.length === others.length &&
  some.every(({ bot, key, contentHash }, index) => {
    const other = others[index] as CheckedUnit;
    return other.bot === bot && other.key === key && other.contentHash === contentHash;
  });

function readUnits(job: Job): unknown[] {
  try {
    return readJob(job.data);
  } catch (error) {
    throw new UnrecoverableError(reason(error as Error));
  }
}

function answerAlone(raw: unknown, result: UnitResult): UnitAnswer {
  if (result.status === 'applied') return { key: (raw as Unit).key, outcomes: result.outcomes };
  const { error } = result;
  // What failed otherwise is tried again after a pause.
  throw isHopeless(error) ? new UnrecoverableError(reason(error)) : new Error(reason(error), { cause: error });
}

const isLocked = (result: UnitResult) => result.status === 'failed' && result.error instanceof LockedError;

/** The reason as it stands in Bull Board: the kind of error first, by which the SDK knows it again. */
const reason = (error: Error) => `${error.name}: ${error.message}`;

const UNREADABLE = 'unreadable unit';

function nameOf(raw: unknown): string {
  try {
    const { operations } = raw as Unit;
    return jobName([{ operations }]) || UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}
