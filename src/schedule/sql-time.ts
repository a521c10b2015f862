import type { Dialect } from '../database.js';

/** A moment as a statement's parameter; on SQLite in the form that all our dates are stored in. */
export function sqlTime(dialect: Dialect, moment: Date): string {
  const iso = moment.toISOString();
  return dialect === 'postgres' ? iso : `${iso.slice(0, 10)} ${iso.slice(11, 23)} +00:00`;
}
