const DAY_MS = 24 * 60 * 60 * 1000;

/** The moment `days` days of 24 hours after `from`. */
export const addDays = (from: Date, days: number): Date => new Date(from.getTime() + days * DAY_MS);

/** The days of 24 hours from one moment to another, with their fraction. */
export const daysBetween = (from: Date, until: Date): number => (until.getTime() - from.getTime()) / DAY_MS;

/** The earlier of two moments; the second one, when the first is no moment at all. */
export const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

/** The later of two moments. */
export const later = (a: Date, b: Date): Date => (a > b ? a : b);
