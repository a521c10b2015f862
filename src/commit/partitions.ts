import type { Logger } from '../logger.js';
import { unitQueueNames, unitQueuesWith } from '../queue.js';
import type { RedisClient } from '../redis.js';

/** A queue that jobs are taken from. */
export interface TakenQueue {
  /**
   * Takes no more jobs and waits for those at hand.
   *
   * @param lost resolves when Redis is away: then there is nothing to wait for
   */
  close(lost: Promise<void>): Promise<void>;
}

/**
 * The queues that a commit worker takes jobs from: one for each partition, and whichever else hold jobs. So nothing is
 * lost when a bot has another QUEUE_PARTITIONS than the workers, or while the number is being changed.
 */
export class Partitions {
  readonly #redis: RedisClient;
  readonly #take: (queue: string) => Promise<TakenQueue>;
  readonly #lookEveryMs: number;
  readonly #logger: Logger;
  readonly #taken = new Map<string, TakenQueue>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  /**
   * @param take starts taking jobs from a queue
   * @param lookEveryMs how long jobs may wait in a queue that should not be in use
   */
  constructor(
    redis: RedisClient,
    take: (queue: string) => Promise<TakenQueue>,
    { lookEveryMs, logger }: { lookEveryMs: number; logger: Logger },
  ) {
    this.#redis = redis;
    this.#take = take;
    this.#lookEveryMs = lookEveryMs;
    this.#logger = logger;
  }

  /** @returns when all of them are taken from */
  async open(count: number): Promise<void> {
    const names = unitQueueNames(count, this.#redis);
    const taken = await Promise.all(names.map((name) => this.#take(name)));
    names.forEach((name, index) => void this.#taken.set(name, taken[index] as TakenQueue));
    await this.#takeStrays();
    this.#timer = setInterval(() => {
      this.#looking = this.#takeStrays().catch(({ message }) => this.#logger.warn({ err: message }, 'Redis'));
    }, this.#lookEveryMs);
  }

  async #takeStrays(): Promise<void> {
    const used = await unitQueuesWith(['wait', 'active', 'delayed', 'prioritized'], this.#redis);
    for (const name of used.filter((name) => !this.#taken.has(name))) {
      this.#logger.warn(
        { queue: name },
        'jobs beyond QUEUE_PARTITIONS, taken all the same: give everybody the same number',
      );
      this.#taken.set(name, await this.#take(name));
    }
  }

  /** @param lost resolves when Redis is away */
  async close(lost: Promise<void>): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#looking, lost]);
    await Promise.all([...this.#taken.values()].map((queue) => queue.close(lost)));
  }
}
