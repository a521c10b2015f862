import * as z from 'zod';
import { count, days } from './bounds.js';
import type { Grant } from './subscriptions.js';

/** What each tariff grants, by name. */
export const tariffTable = z.record(
  z.string().min(1).max(255),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.enum(['MONTH', 'YEAR']), durationDays: days }),
    z.strictObject({ type: z.literal('CREDITS'), credits: count }),
  ]),
);

export type Tariffs = z.infer<typeof tariffTable>;

export const defaultTariffs: Tariffs = {
  month: { type: 'MONTH', durationDays: 30 },
  year: { type: 'YEAR', durationDays: 365 },
};

/**
 * What a tariff grants. `credits_5` and the like are known without being listed.
 *
 * @returns undefined for a tariff that nobody knows
 */
export function grantOf(tariffs: Tariffs, name: string): Grant | undefined {
  if (Object.hasOwn(tariffs, name)) return { credits: 0, ...tariffs[name] } as Grant;
  const [, number] = /^credits_([1-9]\d{0,6})$/.exec(name) ?? [];
  const credits = count.safeParse(Number(number));
  return credits.success ? { type: 'CREDITS', credits: credits.data } : undefined;
}
