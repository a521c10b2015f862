import type { LeaderboardEntry } from '../../domain/views.js';
import { whole } from '../progress.js';
import type { BurstResult } from './burst.js';
import type { Example } from './examples.js';
import type { Sums } from './writes.js';

/** Everything that a demo showed. */
export interface DemoResult {
  /** Whether all of it is as it should be. */
  ok: boolean;
  examples: Example[];
  burst: BurstResult;
  leaderboard: LeaderboardEntry[];
}

/** Whether every write of a burst was applied, and none twice. */
export function isExact({ writes, applied, expected, gained }: BurstResult): boolean {
  return applied === writes && counters.every((counter) => gained[counter] === expected[counter]);
}

/** One line for each example. */
export function describeExample({ title, shown, right }: Example, number: number): string {
  return `  ${mark(right)} ${number} ${title.padEnd(17)} ${shown}`;
}

/** What the burst left, beside what it should have left. */
export function describeBurst(burst: BurstResult): string {
  const { writes, resent, applied, enqueueSeconds, seconds, expected, gained } = burst;
  return [
    `    enqueued  ${whole(writes)} writes in ${enqueueSeconds.toFixed(1)} s, ${whole(resent)} of them sent twice`,
    `  ${mark(applied === writes)} applied   ${whole(applied)}, each once, in ${seconds.toFixed(1)} s: ` +
      `${whole(applied / seconds)} a second`,
    ...counters.map(
      (counter) =>
        `  ${mark(gained[counter] === expected[counter])} ${counter.padEnd(9)} ` +
        `+${whole(gained[counter])}, expected +${whole(expected[counter])}`,
    ),
  ].join('\n');
}

/** The best users. */
export function describeLeaderboard(leaderboard: readonly LeaderboardEntry[]): string {
  return leaderboard
    .map(({ rank, username, telegramId, totalXp, level }) => {
      const name = username ? `@${username}` : `user ${telegramId}`;
      return `  ${String(rank).padStart(3)}  ${name.padEnd(18)} ${whole(totalXp).padStart(9)} XP  level ${level}`;
    })
    .join('\n');
}

const counters: readonly (keyof Sums)[] = ['xp', 'score', 'trainings'];

const mark = (right: boolean) => (right ? '✔' : '✘');
