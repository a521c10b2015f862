import { setTimeout as pause } from 'node:timers/promises';
import { Job, type Queue } from 'bullmq';
import type { UnitQueues } from './queue.js';
import { openWorkerRedis, type RedisClient } from './redis.js';

/** What a job answers for a unit: its outcomes, or the job that it was put into. */
export type UnitAnswer = { key: string; outcomes: unknown[] } | { movedTo: string };

/** How a job ended: with its answers, with the reason why it failed, or removed since. */
export type Ending = { answers: UnitAnswer[] } | { reason: string } | 'gone';

/** Somebody who waits for a job. */
interface Watching {
  /** How it ended, once it has. */
  readonly ended: Promise<Ending>;
  /** To be called when nobody waits here any more. */
  leave(): void;
}

/** A job that somebody waits for. */
interface Watch {
  readonly ended: Promise<Ending>;
  end(ending: Ending): void;
  readers: number;
}

const LOOK_AGAIN_MS = 200;

/** How long Redis lets a read of events wait for one. */
const LISTEN_MS = 1_000;

/** Events that are read at once: those of packs hold the outcomes of many units. */
const MOST_EVENTS = 100;

/** Beyond that, how long it may take to say that there was none; then its connection is made anew. */
const SILENCE_MS = 5_000;

/** Tells how jobs of all partitions end. Connects to a partition when somebody first waits for a job in it. */
export class JobWatchers {
  readonly #watchers: ReadonlyMap<string, JobWatcher>;

  constructor(redisUrl: string, { all }: UnitQueues) {
    this.#watchers = new Map(all.map((queue) => [queue.name, new JobWatcher(redisUrl, queue)]));
  }

  /**
   * Watches for the end of a job.
   *
   * @param queue the name of the queue that the job is in
   */
  watch(queue: string, jobId: string): Watching {
    return (this.#watchers.get(queue) as JobWatcher).watch(jobId);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

/**
 * Tells how jobs of one queue end, over one connection however many are watched. It reads the stream of
 * events itself: BullMQ's `waitUntilFinished` may end the process while Redis is away, because what fails in it nobody
 * can catch, and its `QueueEvents` connects to a Redis Cluster once more when it is closed.
 */
class JobWatcher {
  readonly #redisUrl: string;
  readonly #queue: Queue;
  readonly #watched = new Map<string, Watch>();
  #redis: RedisClient | undefined;
  #closed = false;
  #listening: Promise<unknown> | undefined;

  constructor(redisUrl: string, queue: Queue) {
    this.#redisUrl = redisUrl;
    this.#queue = queue;
  }

  watch(jobId: string): Watching {
    const watch = this.#watched.get(jobId) ?? this.#begin(jobId);
    watch.readers++;
    const leave = () => {
      watch.readers--;
      if (watch.readers === 0 && this.#watched.get(jobId) === watch) this.#watched.delete(jobId);
    };
    return { ended: watch.ended, leave };
  }

  #begin(jobId: string): Watch {
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
    this.#redis ??= openWorkerRedis(this.#redisUrl);
    // From the last event on and not from now, so that nothing is missed before the first read, not even across a lost
    // connection.
    const key = this.#queue.keys['events'] as string;
    const [last] = await this.#redis.xrevrange(key, '+', '-', 'COUNT', 1);
    void this.#follow(this.#redis, key, last?.[0] ?? '0-0');
  }

  async #follow(redis: RedisClient, key: string, from: string): Promise<void> {
    let after = from;
    while (!this.#closed) {
      const anew = setTimeout(() => redis.status === 'ready' && redis.disconnect(true), LISTEN_MS + SILENCE_MS).unref();
      try {
        const [stream] = (await redis.xread('COUNT', MOST_EVENTS, 'BLOCK', LISTEN_MS, 'STREAMS', key, after)) ?? [];
        for (const [id, fields] of stream?.[1] ?? []) {
          after = id;
          this.#note(fields);
        }
      } catch {
        if (!this.#closed) await pause(LOOK_AGAIN_MS);
      } finally {
        clearTimeout(anew);
      }
    }
  }

  /** @param fields of an event, as BullMQ writes them: names and values in turn */
  #note(fields: readonly string[]): void {
    // Most are of other kinds.
    if (!fields.includes('completed') && !fields.includes('failed')) return;
    const event = Object.fromEntries(fields.flatMap((field, index) => (index % 2 ? [] : [[field, fields[index + 1]]])));
    const { event: kind, jobId = '', returnvalue = '[]', failedReason = '' } = event;
    if (kind === 'completed') this.#end(jobId, { answers: JSON.parse(returnvalue) });
    if (kind === 'failed') this.#end(jobId, { reason: failedReason });
  }

  close(): void {
    this.#closed = true;
    this.#watched.clear();
    this.#redis?.disconnect();
  }
}
