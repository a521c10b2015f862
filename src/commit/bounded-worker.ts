import { type Job, type JobJson, type Processor, Worker, type WorkerOptions } from 'bullmq';
import { fetchAhead, tokenOf } from './fetch-ahead.js';

/** After so long, a job that is alone is taken for one that takes long. */
const PATIENCE_MS = 50;

/** The jobs that a process holds, of all its queues. */
export class HeldJobs {
  readonly #maxBytes: number;
  readonly #onRemoved: () => void;
  readonly #sizes = new Map<Job, number>();
  readonly #aside = new Set<Job>();
  readonly #workers = new Set<BoundedWorker>();
  #bytes = 0;

  /**
   * @param maxBytes of JSON; when there is more, no further job is fetched until there is less again
   * @param onRemoved is called when a job is no longer held
   */
  constructor(maxBytes: number, onRemoved = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onRemoved = onRemoved;
  }

  get isEmpty(): boolean {
    return this.#sizes.size === 0;
  }

  /** Whether no further job is to be fetched. */
  get isFull(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** How many of them nothing holds up: each makes room for the next within moments. */
  get moving(): number {
    return this.#sizes.size - this.#aside.size;
  }

  /** Minds how much a worker fetches. */
  mind(worker: BoundedWorker): void {
    this.#workers.add(worker);
  }

  forget(worker: BoundedWorker): void {
    this.#workers.delete(worker);
  }

  add(job: Job, bytes: number): void {
    this.#sizes.set(job, bytes);
    this.#count(bytes);
  }

  /** It may take long: nobody is to wait for its end. */
  setAside(job: Job): void {
    if (!this.#sizes.has(job)) return;
    this.#aside.add(job);
    for (const worker of this.#workers) worker.adapt();
  }

  isAside(job: Job): boolean {
    return this.#aside.has(job);
  }

  remove(job: Job): void {
    this.#count(-(this.#sizes.get(job) ?? 0));
    this.#sizes.delete(job);
    this.#aside.delete(job);
    this.#onRemoved();
  }

  #count(bytes: number): void {
    const wasFull = this.isFull;
    this.#bytes += bytes;
    if (this.isFull !== wasFull) for (const worker of this.#workers) worker.adapt();
  }
}

/**
 * A BullMQ worker that holds so many jobs at most and, together with others, so many bytes. Concurrency alone bounds no
 * memory: jobs are as large as whoever enqueues makes them.
 *
 * One that is idle takes one job, and more once that has brought the next with its answer, or takes long: to ask for
 * more at once, as BullMQ does, costs a job that comes alone more than its own way through Redis.
 */
export class BoundedWorker extends Worker {
  readonly #held: HeldJobs;
  readonly #onWake: () => void;
  readonly #most: number;
  /** Those of the held jobs that this worker took. */
  readonly #jobs = new Set<Job>();
  /** Whether it has had more than one job, or one that took long, since it was idle. */
  #isBusy = false;
  #watched: Job | undefined;
  #patience: NodeJS.Timeout | undefined;

  /** @param onWake is called when it held no job and gets one */
  constructor(name: string, processor: Processor, options: WorkerOptions, held: HeldJobs, onWake = () => {}) {
    super(name, processor, options, fetchAhead);
    this.#held = held;
    this.#onWake = onWake;
    this.#most = this.concurrency;
    held.mind(this);
    this.adapt();
  }

  /** Takes so many jobs at once as is good now. */
  adapt(): void {
    const [only] = this.#jobs;
    if (this.#jobs.size === 0) this.#isBusy = false;
    else if (this.#jobs.size > 1 || this.#held.isAside(only as Job)) this.#isBusy = true;
    this.#watch(this.#isBusy ? undefined : only);
    // One at least, or a single job that is larger than all would never be fetched.
    const concurrency = this.#isBusy && !this.#held.isFull ? this.#most : 1;
    if (concurrency > this.concurrency && this.#jobs.size === 1) this.#goOn();
    this.concurrency = concurrency;
  }

  /** @param job whose end is waited for, for a while */
  #watch(job: Job | undefined): void {
    if (job === this.#watched) return;
    this.#watched = job;
    clearTimeout(this.#patience);
    if (job) this.#patience = setTimeout(() => this.#held.setAside(job), PATIENCE_MS).unref();
  }

  /** BullMQ waits for the end of a job while it may not take another: only this makes it look again. */
  #goOn(): void {
    if (this.closing || this.isPaused()) return;
    void this.pause(true);
    void this.resume();
  }

  protected override async nextJobFromJobData(json?: JobJson, id?: string, token?: string) {
    if (json && this.#held.isEmpty) this.#onWake();
    const job = await super.nextJobFromJobData(json, id, (json && tokenOf(json)) ?? token);
    if (job && json) {
      this.#held.add(job, json.data.length);
      this.#jobs.add(job);
      this.adapt();
    }
    return job;
  }

  override async processJob(...[job, ...rest]: Parameters<Worker['processJob']>) {
    try {
      return await super.processJob(job, ...rest);
    } finally {
      this.#held.remove(job);
      this.#jobs.delete(job);
      this.adapt();
    }
  }

  override async close(force?: boolean): Promise<void> {
    this.#held.forget(this);
    await super.close(force);
  }
}
