import { hash } from 'node:crypto';
import { DelayedError, type Job, Queue, UnrecoverableError, WaitingError } from 'bullmq';
import { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Database, DatabaseOptions } from '../database.js';
import { earlier } from '../domain/time.js';
import { SignatureError, ValidationError } from '../errors.js';
import { tellOfNews } from '../event-queue.js';
import { HotSessions } from '../hot/sessions.js';
import { type Closable, closeAll } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { gaugeDatabase, gaugeRedis } from '../metrics.js';
import type { Operation } from '../operations/operation.js';
import { findOperation } from '../operations/registry.js';
import { Signatures } from '../operations/signature.js';
import { type CheckedUnit, checkUnit, jobName, readJob, type Unit } from '../operations/unit.js';
import { FIRST_DELAY_MS, keepCompleted, unitJobOptions } from '../queue.js';
import { openWorkerRedis, type RedisClient } from '../redis.js';
import { openTelemetry } from '../tracing.js';
import { BatchMetrics } from './batch-metrics.js';
import { Batcher, InterruptedError } from './batcher.js';
import { BoundedWorker, HeldJobs } from './bounded-worker.js';
import { Committer } from './committer.js';
import { DatabaseWatch } from './database-watch.js';
import { LockedError } from './failures.js';
import { forgetEvents } from './forget-events.js';
import { forgetJobs } from './forget-jobs.js';
import { HotUsers } from './hot-users.js';
import type { FailedUnit, UnitResult } from './ledger.js';
import { mendJobs } from './mend-jobs.js';
import { CommitMetrics } from './metrics.js';
import { Partitions } from './partitions.js';
import { RedisTrouble } from './redis-trouble.js';
import { isHopeless, settleSessions } from './settle-sessions.js';
import { CommitSpans } from './spans.js';
import { usersOf } from './users-of.js';

/** What a job answers for each of its units, in their order. */
export type UnitAnswer = { key: string; outcomes: readonly unknown[] } | { movedTo: string };

/** What a commit worker needs. */
export interface CommitDependencies {
  config: Config;
  database: Database;
  /** What this process measures; the worker adds what it does. */
  metrics?: Registry;
  logger: Logger;
}

// Units are safe to rerun, so a crash of the worker is never the job's fault.
const MANY_STALLS = 1_000_000;

// One batch that commits, one that overlaps it, and what gathers for the next.
const BATCHES_HELD = 4;

/** After this long it is tried again whether the rows of a unit are free. */
const LOCKED_PAUSE_MS = 1_000;

/**
 * How long a commit waits for PostgreSQL: half as long as a job may be without a sign of life, so that even a commit
 * that is given up and run again is over before the job goes to another worker.
 *
 * @returns the usual 15 s and 3 s, unless STALLED_AFTER_SECONDS is shorter than usual
 */
export function commitTimeouts({ stalledAfterMs }: Pick<Config, 'stalledAfterMs'>) {
  const statementTimeoutMs = Math.min(15_000, stalledAfterMs / 2);
  return {
    statementTimeoutMs,
    lockTimeoutMs: Math.min(3_000, statementTimeoutMs / 2),
  } satisfies Partial<DatabaseOptions>;
}

/**
 * Starts a commit worker: takes jobs off the queue and applies their units, exactly once each.
 *
 * @returns when it is connected; `close()` finishes the running batch and hands back what it cannot finish
 */
export async function startCommitWorker({
  config,
  database,
  metrics = new Registry(),
  logger,
}: CommitDependencies): Promise<Closable> {
  const redis = openWorkerRedis(config.redisUrl);
  const limits = { maxUnits: config.batchMaxUnits, maxBytes: config.batchMaxBytes };
  // If it is not told, the relay looks by itself after a while.
  const onEvents = () => void tellOfNews(redis).catch(() => undefined);
  const onLocked = (users: number) =>
    logger.warn({ users }, 'users that somebody else has locked for long; their units wait: see pg_stat_activity');
  const watch = new DatabaseWatch(database, logger);
  gaugeDatabase(metrics, () => watch.isUp);
  const { settings } = config;
  const committer = new Committer(database, { settings, onEvents, onLocked, metrics: new BatchMetrics(metrics) });
  const telemetry = await openTelemetry(config);
  const traced = telemetry ? { telemetry } : {};
  const batcher = new Batcher(committer, limits, watch, new CommitSpans(telemetry));
  const commitMetrics = new CommitMetrics(metrics);
  gaugeRedis(metrics, redis);
  const sessions = new HotSessions(redis, config.sessionTtlSeconds);
  const signatures = config.botSecrets && new Signatures(config.botSecrets, config.ledgerRetentionDays);
  const users = new HotUsers(database, sessions, logger);
  // Divided, so that what a process holds in memory, and leaves behind when it dies, does not grow with the partitions.
  const concurrency = Math.ceil(config.workerConcurrency / config.queuePartitions);

  const held = new HeldJobs(BATCHES_HELD * config.batchMaxBytes);

  const take = async (name: string) => {
    const queue = new Queue(name, { connection: redis, ...traced });
    const processor = new JobProcessor(
      batcher,
      redis,
      sessions,
      users,
      queue,
      config.maxUnitBytes,
      signatures,
      commitMetrics,
      logger,
    );
    const options = {
      connection: redis,
      ...traced,
      concurrency,
      lockDuration: config.stalledAfterMs,
      stalledInterval: config.stalledAfterMs,
      maxStalledCount: MANY_STALLS,
      removeOnComplete: keepCompleted,
      settings: { backoffStrategy: delayOfUnknown },
    };
    const worker = new BoundedWorker(name, (job, token) => processor.process(job, token), options, held);
    const fetching = { stop: () => void worker.pause(true), goOn: () => void (watch.isUp && worker.resume()) };
    const trouble = new RedisTrouble(logger, fetching);
    worker.on('error', async (error: Error) => {
      const mended = isUnreadable(error) ? await mendJobs(queue, redis).catch(() => []) : [];
      if (mended.length === 0) trouble.note(error);
      else logger.warn({ queue: name, jobs: mended, err: error.message }, 'jobs that could not be read are mended');
    });
    worker.on('stalled', () => commitMetrics.countStalled());
    worker.on('failed', (job, error) =>
      logger.warn({ job: job?.id, name: job?.name, reason: error.message }, 'job failed'),
    );
    worker.on('completed', (job) => {
      // While it ran, the deletion in it could not remove it.
      if (isPackWithDeletion(job)) {
        job.remove().catch((error: Error) => logger.warn({ job: job.id, err: error.message }, 'job not removed'));
      }
    });
    queue.on('error', () => undefined);
    await worker.waitUntilReady();
    watch.add(fetching);
    return {
      async close(lost: Promise<void>) {
        trouble.close();
        // Without Redis nothing can be handed back, and to wait for it takes for ever: another worker gets the jobs.
        const [idle, gone] = [() => false, () => true];
        // One that is paused already would not wait for its jobs. In between nothing else runs, so it takes none.
        if (worker.isPaused()) void worker.resume();
        const paused = worker.pause();
        const force = (await Promise.race([paused.then(idle, gone), lost.then(gone)])) || redis.status !== 'ready';
        await closeAll([queue, { close: () => worker.close(force) }]);
        // A pause that ends later than that opens a connection again.
        const disconnect = () => worker.disconnect();
        paused.then(disconnect, disconnect).catch(() => undefined);
      },
    };
  };
  const partitions = new Partitions(redis, take, { lookEveryMs: config.stalledAfterMs, logger });
  await partitions.open(config.queuePartitions);
  logger.info({ partitions: config.queuePartitions, concurrency, ...limits }, 'commit worker is ready');

  return {
    async close() {
      await watch.close();
      const lost =
        redis.status === 'ready' ? new Promise<void>((resolve) => redis.once('close', resolve)) : Promise.resolve();
      await partitions.close(lost);
      await (redis.status === 'ready' ? redis.quit() : redis.disconnect());
    },
  };
}

/** A unit that its bot did not sign. Its sessions are settled, as those of any that fails for good. */
interface RefusedUnit extends FailedUnit {
  readonly unit: CheckedUnit;
}

/** A job's units, from when the batcher has them until they are settled. */
interface Run {
  readonly units: readonly CheckedUnit[];
  readonly results: Promise<UnitResult[]>;
}

/** Turns a job into units, and their results into the job's. */
class JobProcessor {
  readonly #underWay = new Map<string, Run>();

  constructor(
    readonly batcher: Batcher,
    readonly redis: RedisClient,
    readonly sessions: HotSessions,
    readonly users: HotUsers,
    readonly queue: Queue,
    readonly maxUnitBytes: number,
    readonly signatures: Signatures | undefined,
    readonly metrics: CommitMetrics,
    readonly logger: Logger,
  ) {}

  async process(job: Job, token: string | undefined): Promise<UnitAnswer[]> {
    const units = readUnits(job);
    const checked = units.map((raw) => this.#check(raw));
    const fitting = checked.filter((unit): unit is CheckedUnit => !('status' in unit));
    try {
      const first = this.#firstRun(job, fitting);
      const settled = await (first ?? this.#submit(job, fitting));
      if (!first) {
        this.metrics.countJob(job, settled);
        for (const [index, unit] of fitting.entries()) this.metrics.count(unit, settled[index] as UnitResult);
      }
      const shown = this.users.show(fitting.flatMap((unit, index) => changedBy(unit, settled[index] as UnitResult)));
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
      if (units.length === 1) return [answerAlone(units[0], results[0] as UnitResult)];
      return await Promise.all(results.map((result, index) => this.#answerInPack(units[index], result)));
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      this.metrics.countHandedBack();
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
    const run = { units, results: this.batcher.submit(units, attemptsMade > 0) };
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
      unit = checkUnit(raw, this.maxUnitBytes);
      this.signatures?.check(unit, (raw as Unit).sig);
      return unit;
    } catch (error) {
      if (unit && error instanceof SignatureError) return this.#refuse(unit, error);
      if (!(error instanceof ValidationError)) throw error;
      this.metrics.countRefused('invalid');
      return { status: 'failed', error };
    }
  }

  #refuse(unit: CheckedUnit, error: SignatureError): RefusedUnit {
    this.metrics.countRefused('refused_signature');
    this.logger.warn({ bot: unit.bot, key: unit.key }, 'unit refused: its signature does not fit');
    return { status: 'failed', error, unit };
  }

  /** What the commit could not do in the database. It may happen twice, when the worker dies before the job is done. */
  #followUp(unit: CheckedUnit, result: UnitResult, last: boolean): Promise<unknown>[] {
    const settled = settleSessions(this.sessions, unit, result, last);
    if (result.status !== 'applied') return settled;
    const followUps = unit.operations.flatMap(({ operation, telegramId }, index) => {
      const { warning } = result.outcomes[index] as { warning?: string };
      if (warning) this.logger.warn({ name: operation.name, warning }, 'applied with a warning');
      if (!operation.alone || telegramId === undefined) return [];
      const at = earlier(unit.at, new Date());
      return [
        forgetJobs(this.redis, telegramId, at),
        forgetEvents(this.redis, telegramId, at),
        this.sessions.forget(telegramId, unit.key, at, true),
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
    this.logger[locked ? 'debug' : 'warn'](
      { job: jobId, reason: result.error.message },
      'unit of a pack failed; put back as a job of its own',
    );
    this.metrics.countPutBack();
    const delay = locked ? LOCKED_PAUSE_MS : 0;
    await this.queue.add(nameOf(raw), { v: 1, units: [raw] }, { ...unitJobOptions, jobId, delay });
    return { movedTo: jobId };
  }
}

/** What BullMQ throws when the hash of a job is not as it writes them. */
const isUnreadable = (error: Error) => error instanceof SyntaxError || error instanceof TypeError;

/** Whoever enqueues may ask for a backoff that nobody knows: such a job would never end. */
const delayOfUnknown = (attemptsMade = 1) => FIRST_DELAY_MS * 2 ** Math.min(attemptsMade - 1, 7);

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

/** The SDK makes none, but whoever enqueues may. */
function isPackWithDeletion({ data }: Job<{ units: (Partial<Unit> | null)[] }>): boolean {
  const isDeletion = (unit: Partial<Unit> | null) => {
    const name: unknown = unit?.operations?.[0]?.name;
    const operation: Operation | undefined = typeof name === 'string' ? findOperation(name) : undefined;
    return operation?.alone === true;
  };
  return data.units.length > 1 && data.units.some(isDeletion);
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
