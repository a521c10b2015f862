import type { Response } from 'express';

/** The requests that wait for an outcome. All of them end when the server closes. */
export class Waits {
  readonly #waiting = new Set<AbortController>();

  /** Gives `work` a signal that comes after so long, when the client goes away, or when the server closes. */
  async until<T>(ms: number, res: Response, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const giveUp = new AbortController();
    const abort = () => giveUp.abort();
    this.#waiting.add(giveUp);
    res.once('close', abort);
    const timer = setTimeout(abort, ms);
    try {
      return await work(giveUp.signal);
    } finally {
      clearTimeout(timer);
      res.off('close', abort);
      this.#waiting.delete(giveUp);
      // Who listens for the signal lets go.
      giveUp.abort();
    }
  }

  async close(): Promise<void> {
    for (const giveUp of this.#waiting) giveUp.abort();
  }
}
