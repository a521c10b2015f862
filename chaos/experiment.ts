import type { Options } from './options.js';

/** What a run found. All of it is printed with --json. */
export interface Result {
  /** All that matters of it, in one line. */
  line: string;
  /** What should not have been; none is well. */
  violations: string[];
}

/** Runs something, tells on the way how it goes, and says what it found. */
export type Experiment = (options: Options, say: (line: string) => void) => Promise<Result>;
