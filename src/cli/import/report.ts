import { closeSync, openSync, writeSync } from 'node:fs';
import type { Place } from './rows.js';

/** A row that was not imported, and why. */
export interface Rejected extends Place {
  id: string;
  reason: string;
}

/** Where rejected rows are listed: one line of JSON each. */
export interface Report {
  add(rejected: Rejected): void;
  close(): void;
}

/** A report in a file; what stood in it before is replaced. */
export function openReport(file: string): Report {
  const descriptor = openSync(file, 'w');
  return {
    add: ({ line, offset, id, reason }) =>
      void writeSync(descriptor, `${JSON.stringify({ line, offset, id, reason })}\n`),
    close: () => closeSync(descriptor),
  };
}

/** For a run that writes nothing. */
export const noReport: Report = { add: () => undefined, close: () => undefined };
