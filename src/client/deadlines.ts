/** Work that is under way, and until when it may be. */
interface Held {
  readonly deadline: number;
  giveUp(): void;
}

/** Holds work to its deadlines, all of it with one timer: one of its own costs a call at rest more than most else. */
export class Deadlines {
  readonly #late: string;
  readonly #held = new Set<Held>();
  #timer: NodeJS.Timeout | undefined;

  /** @param late what the error says */
  constructor(late: string) {
    this.#late = late;
  }

  /**
   * What the work answers, if it does so in time.
   *
   * @param deadline by `performance.now()`, and not before that of an earlier call
   * @throws Error at the deadline; the work goes on, and nobody hears of it
   */
  hold<T>(deadline: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const held = { deadline, giveUp: () => reject(new Error(this.#late)) };
      this.#held.add(held);
      this.#timer ??= this.#start(deadline);
      this.#timer.ref();
      const release = () => this.#release(held);
      work.then(resolve, reject).then(release);
    });
  }

  #release(held: Held): void {
    this.#held.delete(held);
    // It runs on for those that come next, and keeps no process for that.
    if (this.#held.size === 0) this.#timer?.unref();
  }

  #start(deadline: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), Math.max(1, deadline - performance.now()));
  }

  #look(): void {
    this.#timer = undefined;
    for (const held of this.#held) {
      if (held.deadline > performance.now()) {
        this.#timer = this.#start(held.deadline);
        return;
      }
      held.giveUp();
      this.#held.delete(held);
    }
  }
}
