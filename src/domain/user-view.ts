import type { UserRow } from './rows.js';
import type { UserView } from './views.js';

/** What a view of a user is made from: models have dates, reads have text. */
export interface UserColumns extends Omit<UserRow, 'id' | 'registrationDate' | 'lastActivity'> {
  registrationDate: Date | string;
  lastActivity: Date | string;
}

/** A user as reads show it. */
export function userView(user: UserColumns): UserView {
  return {
    telegramId: user.telegramId,
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    registrationDate: isoOf(user.registrationDate),
    lastActivity: isoOf(user.lastActivity),
    totalXp: user.totalXp,
    level: user.level,
    totalTrainings: user.totalTrainings,
    totalScore: user.totalScore,
  };
}

/** As both databases print moments, in UTC: `2026-01-15 12:00:00.5+00`, `2026-01-15 12:00:00.500 +00:00`. */
const UTC = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)? ?\+00(?::00)?$/;

/** A page of the leaderboard has twenty of them: to make dates first takes a tenth of its time. */
export function isoOf(moment: Date | string): string {
  if (typeof moment !== 'string') return moment.toISOString();
  const [, day, time, fraction = ''] = UTC.exec(moment) ?? [];
  return day ? `${day}T${time}.${fraction.padEnd(3, '0')}Z` : new Date(moment).toISOString();
}
