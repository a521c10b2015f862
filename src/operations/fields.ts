import * as z from 'zod';

/**
 * Field schemas that several operations share. Bounds are ours, chosen so that no sum of them leaves the 64-bit
 * columns and no text its column.
 */

/** A Telegram id: any safe integer, because group chats have negative ones. */
export const telegramId = z.int();

/** An amount to add: up to a billion either way, so that no counter leaves the safe integers. */
export const amount = z.int().min(-1_000_000_000).max(1_000_000_000);

/** A whole number of things granted at once. */
export const count = z.int().min(1).max(1_000_000);

export const level = z.int().min(1).max(1_000_000);

/** A bot's level table; the order of the steps does not matter. */
export const levelTable = z
  .array(z.strictObject({ level, minXp: z.int().min(0) }))
  .min(1)
  .max(1_000);

// PostgreSQL stores no NUL character in text.
const withoutNul = (value: string) => !value.includes('\0');

/** Text of one line for a VARCHAR(255) column. */
export const label = z.string().min(1).max(255).refine(withoutNul, 'must not contain the NUL character');

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
  if (typeof value !== 'object')
    return { message: `${typeof value === 'number' ? value : typeof value} is not JSON`, path: [] };
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
