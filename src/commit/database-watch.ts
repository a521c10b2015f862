import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../database.js';
import { describeOutage } from '../failures.js';
import type { Logger } from '../logger.js';

/** Who does nothing while the database is away. */
export interface Dependent {
  stop(): void;
  goOn(): void;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/**
 * Whether the database takes writes. While it does not, its dependents stop, and it is tried again and again: after
 * 0.1 s, doubled up to 5 s, each spread by a fifth, so that the workers of a fleet do not come all at once.
 */
export class DatabaseWatch {
  readonly #database: Pick<Database, 'tryWriting'>;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #dependents = new Set<Dependent>();
  #up = true;
  #waitMs = FIRST_WAIT_MS;
  #probing: Promise<void> | undefined;

  constructor(database: Pick<Database, 'tryWriting'>, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** Has somebody told when the database goes away and when it is back; at once if it is away now. */
  add(dependent: Dependent): void {
    this.#dependents.add(dependent);
    if (!this.#up) dependent.stop();
  }

  /** Says that a commit failed because of the database. */
  lost(error: Error): void {
    if (!this.#up || this.#closing.signal.aborted) return;
    this.#up = false;
    this.#logger.error({ err: error.message }, 'waiting for the database; jobs are handed back');
    for (const dependent of this.#dependents) dependent.stop();
    this.#probing = this.#probe();
  }

  /** Says that a commit succeeded. Only that ends an outage: a full disk may let a probe pass. */
  worked(): void {
    this.#waitMs = FIRST_WAIT_MS;
  }

  async #probe(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const waitMs = this.#waitMs * (0.8 + 0.4 * Math.random());
      this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#database.tryWriting();
        break;
      } catch (error) {
        this.#logger.debug({ err: describeOutage(error) }, 'the database is still away');
      }
    }
    if (signal.aborted) return;
    this.#up = true;
    this.#logger.info('the database is back');
    for (const dependent of this.#dependents) dependent.goOn();
  }

  /** Probes no more; the dependents stay as they are. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#probing;
  }
}
