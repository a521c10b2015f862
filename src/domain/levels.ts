import { plus } from './counters.js';
import { emit } from './events.js';
import type { Rows, UserRow } from './rows.js';

/** One step of a level table: the level is reached at `minXp` XP. */
export interface LevelStep {
  level: number;
  minXp: number;
}

const XP_PER_LEVEL = 100;
const HIGHEST_DEFAULT_LEVEL = 100;

/**
 * The level that a number of XP stands for.
 *
 * @param totalXp all XP of the user, 0 or more
 * @param levels the bot's level table, in any order; without one, a level per 100 XP up to level 100
 * @returns the highest level whose `minXp` is reached, or 1 when none is (DESIGN.md, `addXp`)
 */
export function levelFor(totalXp: number, levels?: readonly LevelStep[]): number {
  if (!levels) return Math.min(Math.floor(totalXp / XP_PER_LEVEL) + 1, HIGHEST_DEFAULT_LEVEL);
  return levels.reduce((best, { level, minXp }) => (minXp <= totalXp ? Math.max(best, level) : best), 1);
}

/** What gaining XP answers. */
export interface XpOutcome {
  leveledUp: boolean;
  oldLevel: number;
  newLevel: number;
  totalXp: number;
}

/**
 * Adds XP to a user and raises the level where it is due. XP never falls below 0, a level never falls.
 *
 * @param xp XP to add; negative takes away
 */
export function gainXp(user: UserRow, xp: number, levels?: readonly LevelStep[]): XpOutcome {
  const oldLevel = user.level;
  user.totalXp = Math.max(0, plus(user.totalXp, xp));
  user.level = Math.max(oldLevel, levelFor(user.totalXp, levels));
  return { leveledUp: user.level > oldLevel, oldLevel, newLevel: user.level, totalXp: user.totalXp };
}

/** Tells the bots of a user's new level, if it is higher than the old one. */
export function announceLevel(rows: Rows, user: UserRow, oldLevel: number, where: { bot: string; at: Date }): void {
  const { level: newLevel, totalXp } = user;
  if (newLevel > oldLevel) emit(rows, user, where, 'user.leveledUp', { oldLevel, newLevel, totalXp });
}
