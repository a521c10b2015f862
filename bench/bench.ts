import type { Servers } from './servers.js';

/** What every section of the bench works with. */
export interface Bench {
  readonly servers: Servers;
  /** Small sizes, to see that all works; its figures are rough. */
  readonly quick: boolean;
  /** How often each figure is measured; the median counts. */
  readonly rounds: number;
  /** Prints a line. */
  say(line?: string): void;
  /** Notes a state that is not exactly what it must be; the run goes on, and ends with exit code 1. */
  wrong(what: string, error: unknown): void;
}

/** A size: the one of a full run, or the quick one. */
export const size = ({ quick }: Pick<Bench, 'quick'>, full: number, small: number): number => (quick ? small : full);
