import { type Job, type JobJson, type Processor, Worker, type WorkerOptions } from 'bullmq';

/** The jobs that a process holds, of all its queues. */
export class HeldJobs {
  readonly #maxBytes: number;
  readonly #onRemoved: () => void;
  readonly #sizes = new Map<Job, number>();
  readonly #aside = new Set<Job>();
  readonly #workers = new Map<Worker, number>();
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

  /** How many of them nothing holds up: each makes room for the next within moments. */
  get moving(): number {
    return this.#sizes.size - this.#aside.size;
  }

  /** Minds how much a worker fetches. */
  mind(worker: Worker): void {
    this.#workers.set(worker, worker.concurrency);
  }

  forget(worker: Worker): void {
    this.#workers.delete(worker);
  }

  add(job: Job, bytes: number): void {
    this.#sizes.set(job, bytes);
    this.#count(bytes);
  }

  /** It may take long: nobody is to wait for its end. */
  setAside(job: Job): void {
    if (this.#sizes.has(job)) this.#aside.add(job);
  }

  remove(job: Job): void {
    this.#count(-(this.#sizes.get(job) ?? 0));
    this.#sizes.delete(job);
    this.#aside.delete(job);
    this.#onRemoved();
  }

  #count(bytes: number): void {
    const wasFull = this.#bytes > this.#maxBytes;
    this.#bytes += bytes;
    const isFull = this.#bytes > this.#maxBytes;
    if (isFull === wasFull) return;
    // One at least, or a single job that is larger than all would never be fetched.
    for (const [worker, concurrency] of this.#workers) worker.concurrency = isFull ? 1 : concurrency;
  }
}

/**
 * A BullMQ worker that holds so many jobs at most and, together with others, so many bytes. Concurrency alone bounds no
 * memory: jobs are as large as whoever enqueues makes them.
 */
export class BoundedWorker extends Worker {
  readonly #held: HeldJobs;
  readonly #onWake: () => void;

  /** @param onWake is called when it held no job and gets one */
  constructor(name: string, processor: Processor, options: WorkerOptions, held: HeldJobs, onWake = () => {}) {
    super(name, processor, options);
    this.#held = held;
    this.#onWake = onWake;
    held.mind(this);
  }

  protected override async nextJobFromJobData(json?: JobJson, id?: string, token?: string) {
    if (json && this.#held.isEmpty) this.#onWake();
    const job = await super.nextJobFromJobData(json, id, token);
    if (job && json) this.#held.add(job, json.data.length);
    return job;
  }

  override async processJob(...[job, ...rest]: Parameters<Worker['processJob']>) {
    try {
      return await super.processJob(job, ...rest);
    } finally {
      this.#held.remove(job);
    }
  }

  override async close(force?: boolean): Promise<void> {
    this.#held.forget(this);
    await super.close(force);
  }
}
