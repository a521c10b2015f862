import * as z from 'zod';

export { count, days } from '../domain/bounds.js';

/**
 * Field schemas that several operations share. Bounds are ours, chosen so that no sum of them leaves the 64-bit
 * columns and no text its column.
 */

/** A Telegram id: any safe integer, because group chats have negative ones. */
export const telegramId = z.int();

/** An amount to add: up to a billion either way, so that no counter leaves the safe integers. */
export const amount = z.int().min(-1_000_000_000).max(1_000_000_000);

export const level = z.int().min(1).max(1_000_000);

/** A bot's level table; the order of the steps does not matter. */
export const levelTable = z
  .array(z.strictObject({ level, minXp: z.int().min(0) }))
  .min(1)
  .max(1_000);

// PostgreSQL stores no NUL character in text.
const withoutNul = (value: string) => !value.includes('\0');

// No database stores half a surrogate pair; it would come back as another character.
const wellFormed = (value: string) => !/\p{Surrogate}/u.test(value);

/** Text that every database stores as it is. */
export const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine(withoutNul, 'must not contain the NUL character')
    .refine(wellFormed, 'must not contain half an emoji: cut text with [...text].slice()');

/** Text of one line for a VARCHAR(255) column. */
export const label = text(255);

const EXPECTED_MOMENT = 'expected a moment like "2026-01-15T12:00:00Z"';

// ISO 8601 and every database agree on the years of four digits; year 0 PostgreSQL has none.
const FIRST_MOMENT = new Date('0001-01-01T00:00:00.000Z');
const LAST_MOMENT = new Date('9999-12-31T23:59:59.999Z');

/** A moment: ISO 8601 text with a zone, or a Date. */
export const moment = z
  .union([z.iso.datetime({ offset: true, error: EXPECTED_MOMENT }), z.date()], EXPECTED_MOMENT)
  .transform((value) => new Date(value))
  .refine((value) => value >= FIRST_MOMENT && value <= LAST_MOMENT, 'expected a moment in the years 1 to 9999');

/** An amount of money, exact: 0 or more, with at most two decimals, as text. */
export const money = z
  .string()
  .regex(/^\d{1,8}(\.\d{1,2})?$/, 'expected an amount like "1490.00", not negative, as text')
  .transform((value) => {
    const [units = '0', cents = ''] = value.split('.');
    return `${Number(units)}.${cents.padEnd(2, '0')}`;
  });

/** A currency code: ISO 4217, or Telegram's XTR. */
export const currency = z.string().regex(/^[A-Z]{3,8}$/, 'expected a currency code like RUB');

/** A promocode; case and surrounding space do not matter. */
export const promocode = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[\p{L}\p{N}_-]{1,64}$/u, 'expected 1 to 64 letters, digits, "_" or "-"');

const DEEPEST_JSON = 64;

/** A JSON object that botledger stores and never looks into: a session, stats, metadata. */
export const jsonObject = z
  .custom<Record<string, unknown>>((value) => isPlainObject(value), 'expected a plain JSON object')
  .superRefine((value, context) => {
    const problem = findNonJson(value, DEEPEST_JSON);
    if (problem) context.addIssue({ code: 'custom', message: problem.message, path: problem.path });
  });

interface NonJson {
  message: string;
  path: (string | number)[];
}

function findNonJson(value: unknown, depthLeft: number): NonJson | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return;
  if (typeof value === 'number') return { message: `the number ${value} is not JSON`, path: [] };
  if (typeof value !== 'object') return { message: `${typeof value} is not JSON`, path: [] };
  if (depthLeft === 0) return { message: `nested deeper than ${DEEPEST_JSON} levels`, path: [] };
  if (!Array.isArray(value) && !isPlainObject(value)) {
    return { message: `a ${value.constructor?.name ?? 'class instance'} is not JSON: convert it first`, path: [] };
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__') return { message: 'the field name "__proto__" is not allowed', path: [key] };
    // JSON drops undefined properties, so they are as good as absent; in an array they would turn into null.
    if (inner === undefined && !Array.isArray(value)) continue;
    const problem = findNonJson(inner, depthLeft - 1);
    if (problem) return { message: problem.message, path: [key, ...problem.path] };
  }
  return;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
