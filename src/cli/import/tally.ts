import type { Totals } from './plan.js';

/** What became of rows, and how file and database compare. */
export interface Tally {
  /** Rows of the file. */
  rows: number;
  /** Applied in this run. */
  imported: number;
  /** Applied by an earlier run, with the same content. */
  before: number;
  /** Did not fit, or were not applied: each is in the report. */
  rejected: number;
  /** Of the imported: sessions or stats that the bot had saved later, which stay. */
  newerKept: number;
  /** Of the imported: users who were there already. */
  known: number;
  /** What the file says that all of its rows that fit add up to. */
  file: Totals;
  check: Check;
}

/** What was compared of the rows that the database should have. */
export interface Check {
  /** Rows that are applied, and those of them whose user is not in the database. */
  users: number;
  usersMissing: number;
  /** Of the rows applied in this run: what the file adds, and what the database gained. */
  expected: Totals;
  gained: Totals;
  /** Sessions sent in this run, and those of them that the database does not have. */
  sessions: number;
  sessionsMissing: number;
  /** Users with other counters or another level than the file gives them. */
  wrong: number;
  /** Users left out of the sums: bots wrote to them at the same time. */
  busy: number;
}

const nothing = (): Totals => ({ xp: 0, trainings: 0, score: 0 });

export const emptyTally = (): Tally => ({
  rows: 0,
  imported: 0,
  before: 0,
  rejected: 0,
  newerKept: 0,
  known: 0,
  file: nothing(),
  check: {
    users: 0,
    usersMissing: 0,
    expected: nothing(),
    gained: nothing(),
    sessions: 0,
    sessionsMissing: 0,
    wrong: 0,
    busy: 0,
  },
});

/** Adds to sums. */
export function add(sums: Totals, more: Totals): void {
  sums.xp += more.xp;
  sums.trainings += more.trainings;
  sums.score += more.score;
}

/** Whether the database has what the file says. */
export function isRight({ check }: Tally): boolean {
  return check.usersMissing === 0 && check.sessionsMissing === 0 && check.wrong === 0;
}
