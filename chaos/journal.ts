import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import type { WireOperation } from '../src/operations/unit.js';

/** A unit as its bot meant it. */
export interface Intent {
  readonly bot: string;
  readonly key: string;
  readonly at: number;
  readonly operations: readonly WireOperation[];
}

/** A line of a producer's journal. */
export type Entry =
  /** Written before the unit is sent for the first time. */
  | ({ what: 'intent'; number: number } & Intent)
  /** Redis holds the unit. */
  | { what: 'acknowledged'; key: string }
  /** Redis holds the same unit once more. */
  | { what: 'repeated'; key: string }
  /** Written before other content is sent under the key of a unit that was applied. */
  | { what: 'forgery'; key: string }
  /** Redis holds that, too. */
  | { what: 'forged'; key: string }
  /** What `receipt.result()` answered. */
  | { what: 'outcomes'; key: string; outcomes: unknown[] }
  /** An event came to the bot. */
  | { what: 'told'; id: number; telegramId: number };

/** What a producer remembers of its former lives. A line is with the system before `append` returns: a SIGKILL loses none. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    // A line that was cut off by a kill was never acted upon.
    if (existsSync(path)) truncateSync(path, readFileSync(path).lastIndexOf('\n') + 1);
    this.#file = openSync(path, 'a');
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All whole lines of a journal. */
export function readJournal(path: string): Entry[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
}
