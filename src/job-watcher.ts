import { setTimeout as pause } from 'node:timers/promises';
import { Job, type Queue, QueueEvents } from 'bullmq';
import type { UnitQueues } from './queue.js';
import { openWorkerRedis, type RedisClient } from './redis.js';

/** What a job answers for a unit: its outcomes, or the job that it was put into. */
export type UnitAnswer = { key: string; outcomes: unknown[] } | { movedTo: string };

/** How a job ended: with its answers, with the reason why it failed, or removed since. */
export type Ending = { answers: UnitAnswer[] } | { reason: string } | 'gone';

/** A job that somebody waits for. */
interface Watch {
  readonly ended: Promise<Ending>;
  end(ending: Ending): void;
  readers: number;
}

const LOOK_AGAIN_MS = 200;

/** A read of events takes at most this long. BullMQ's timer for it outlives close() when Redis is away by then. */
const LISTEN_MS = 1_000;

/** Tells how jobs of all partitions end. Connects to a partition when somebody first waits for a job in it. */
export class JobWatchers {
  readonly #watchers: ReadonlyMap<string, JobWatcher>;

  constructor(redisUrl: string, { all }: UnitQueues) {
    this.#watchers = new Map(all.map((queue) => [queue.name, new JobWatcher(redisUrl, queue)]));
  }

  /**
   * How a job ended, once it has; never settles after `signal` is aborted.
   *
   * @param queue the name of the queue that the job is in
   */
  ended(queue: string, jobId: string, signal: AbortSignal): Promise<Ending> {
    return (this.#watchers.get(queue) as JobWatcher).ended(jobId, signal);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

/**
 * Tells how jobs of one queue end, over one connection however many are watched. It takes the place of BullMQ's
 * `waitUntilFinished`, which may end the process while Redis is away: what fails in it nobody can catch.
 */
class JobWatcher {
  readonly #redisUrl: string;
  readonly #queue: Queue;
  readonly #watched = new Map<string, Watch>();
  #redis: RedisClient | undefined;
  #events: QueueEvents | undefined;
  #listening: Promise<unknown> | undefined;

  constructor(redisUrl: string, queue: Queue) {
    this.#redisUrl = redisUrl;
    this.#queue = queue;
  }

  /** How the job ended, once it has; never settles after `signal` is aborted. */
  ended(jobId: string, signal: AbortSignal): Promise<Ending> {
    const watch = this.#watched.get(jobId) ?? this.#watch(jobId);
    watch.readers++;
    const leave = () => {
      watch.readers--;
      if (watch.readers === 0 && this.#watched.get(jobId) === watch) this.#watched.delete(jobId);
    };
    signal.addEventListener('abort', leave, { once: true });
    return watch.ended;
  }

  #watch(jobId: string): Watch {
    let end: Watch['end'] = () => undefined;
    const ended = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    const watch = { ended, end, readers: 0 };
    this.#watched.set(jobId, watch);
    void this.#look(jobId, watch);
    return watch;
  }

  /** Listens first and looks second, so that no end falls between the two. */
  async #look(jobId: string, watch: Watch): Promise<void> {
    while (this.#watched.get(jobId) === watch) {
      try {
        this.#listening ??= this.#listen();
        await this.#listening;
        const ending = await this.#endingOf(jobId);
        if (ending) this.#end(jobId, ending);
        return;
      } catch {
        // Redis is away. Whoever waits has a limit of their own.
        await pause(LOOK_AGAIN_MS);
      }
    }
  }

  async #endingOf(jobId: string): Promise<Ending | undefined> {
    const state = await this.#queue.getJobState(jobId);
    if (state !== 'completed' && state !== 'failed') return state === 'unknown' ? 'gone' : undefined;
    const job: Job | undefined = await Job.fromId(this.#queue, jobId);
    if (!job) return 'gone';
    return state === 'completed' ? { answers: job.returnvalue } : { reason: job.failedReason };
  }

  #end(jobId: string, ending: Ending): void {
    this.#watched.get(jobId)?.end(ending);
    this.#watched.delete(jobId);
  }

  async #listen(): Promise<void> {
    this.#redis = openWorkerRedis(this.#redisUrl);
    // From the last event on and not from now, so that nothing is missed before the first read, not even across a lost
    // connection.
    const [last] = await this.#redis.xrevrange(this.#queue.keys['events'] as string, '+', '-', 'COUNT', 1);
    const events = new QueueEvents(this.#queue.name, {
      connection: this.#redis,
      lastEventId: last?.[0] ?? '0-0',
      blockingTimeout: LISTEN_MS,
    });
    events.on('error', () => undefined);
    events.on('completed', ({ jobId, returnvalue }) =>
      this.#end(jobId, { answers: returnvalue as unknown as UnitAnswer[] }),
    );
    events.on('failed', ({ jobId, failedReason }) => this.#end(jobId, { reason: failedReason }));
    this.#events = events;
  }

  close(): void {
    this.#watched.clear();
    // Nobody waits for these: while Redis is away they would not end.
    this.#events?.close().catch(() => undefined);
    this.#redis?.disconnect();
  }
}
