/** The batch before this one did not commit as it should have; this one must go back and wait until it is settled. */
export class OutOfTurnError extends Error {
  override readonly name = 'OutOfTurnError';
}

/**
 * A batch's place in the order of batches. The next batch may begin when this one has sent its writes, so that the
 * worker and the database work at the same time; it may commit when this one has. So two batches are under way at most,
 * and their users see them in order.
 */
export class Turn {
  #before: Turn | undefined;
  readonly #sent = new Gate<void>();
  readonly #committed = new Gate<boolean>();
  readonly #settled = new Gate<void>();

  /** @param before the batch that goes first */
  constructor(before?: Turn) {
    this.#before = before;
  }

  /** Resolves when the next batch may begin. */
  get begun(): Promise<void> {
    return this.#sent.opened;
  }

  /** Whether every batch before this one has its results. */
  get isFirst(): boolean {
    return !this.#before || this.#before.#settled.isOpen;
  }

  /**
   * Waits until this batch may commit.
   *
   * @throws OutOfTurnError when the batch before has to be run again: it may need the locks that are held here
   */
  async mayCommit(): Promise<void> {
    if (this.#before && !(await this.#before.#committed.opened)) throw new OutOfTurnError();
    this.#before = undefined;
  }

  /** Says that all writes are sent. */
  sent(): void {
    this.#sent.open();
  }

  /** Says that this batch has to be run again, and waits until nothing is before it. */
  async stumble(): Promise<void> {
    this.#committed.open(false);
    if (this.#before) await this.#before.#settled.opened;
    this.#before = undefined;
  }

  /** Says that every unit of the batch has its result. */
  settle(): void {
    this.#committed.open(true);
    this.#sent.open();
    this.#settled.open();
  }
}

/** Opens once; what comes first counts. */
class Gate<T> {
  readonly opened: Promise<T>;
  isOpen = false;
  #resolve: (value: T) => void = () => undefined;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  open(value: T): void {
    this.isOpen = true;
    this.#resolve(value);
  }
}
