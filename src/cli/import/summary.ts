import { whole } from '../progress.js';
import { isRight, type Tally } from './tally.js';

/** A finished run, as it is shown to people and machines. */
export interface ImportResult extends Tally {
  /** Whether every row is imported, and the database has what the file says. */
  ok: boolean;
  dryRun: boolean;
  backup: string | undefined;
  report: string | undefined;
  /** Why the file was not read to its end. */
  stoppedBy: string | undefined;
}

/** Whether every row of the file is in the database. */
export const isComplete = (tally: Tally, stoppedBy: string | undefined): boolean =>
  stoppedBy === undefined && tally.rejected === 0 && isRight(tally);

/** The result for people. */
export function describeResult(result: ImportResult): string {
  const { rows, imported, before, rejected, known, newerKept, file, dryRun, report, stoppedBy } = result;
  const line = (count: number, text: string) => `  ${whole(count).padStart(11)}  ${text}`;
  const would = dryRun ? 'would be' : 'are';
  return [
    line(rows, 'users read'),
    line(imported, `${would} imported now${known > 0 ? `, ${whole(known)} of them known already: XP adds up` : ''}`),
    ...(newerKept > 0 ? [line(newerKept, 'of them keep the session that their bot has saved since')] : []),
    ...(before > 0 ? [line(before, 'were imported before')] : []),
    ...(rejected > 0 ? [line(rejected, `do not fit${report ? `: see ${report}` : ''}`)] : []),
    `  What fits adds up to ${whole(file.xp)} XP, ${whole(file.trainings)} trainings, a score of ${whole(file.score)}.`,
    ...(dryRun ? [] : ['', describeCheck(result)]),
    ...(stoppedBy ? ['', `Not read to the end: ${stoppedBy}\nRun it again to go on: what is imported stays so.`] : []),
  ].join('\n');
}

function describeCheck({ check }: Tally): string {
  const { users, usersMissing, expected, gained, sessions, sessionsMissing, wrong, busy } = check;
  const mark = (right: boolean) => (right ? '✔' : '✘');
  const present = (what: string, all: number, missing: number) =>
    `  ${mark(missing === 0)} ${what.padEnd(10)} ${whole(all - missing)} of ${whole(all)} are in the database`;
  const sum = (what: string, counter: keyof typeof expected) =>
    `  ${mark(gained[counter] === expected[counter])} ${what.padEnd(10)} ` +
    `+${whole(gained[counter])}, expected +${whole(expected[counter])}`;
  return [
    present('users', users, usersMissing),
    sum('XP', 'xp'),
    sum('trainings', 'trainings'),
    sum('score', 'score'),
    present('sessions', sessions, sessionsMissing),
    ...(wrong > 0 ? [`  ✘ ${whole(wrong)} users differ from the file: see the report`] : []),
    ...(busy > 0 ? [`    ${whole(busy)} users are left out of the sums: their bots wrote at the same time`] : []),
  ].join('\n');
}
