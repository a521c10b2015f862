import * as z from 'zod';
import { label, promocode } from '../operations/fields.js';
import { botName, unitKey } from '../operations/unit.js';

/** Parameters in addresses: text that stands for something. */

/** A whole number in its usual form: no sign but a minus, no leading zeros. */
const wholeNumber = z
  .string()
  .regex(/^(0|-?[1-9]\d*)$/, 'expected a whole number')
  .transform(Number);

export const telegramId = wholeNumber
  .pipe(z.int('expected a safe integer'))
  .meta({ description: 'Who: the id that Telegram gave them', example: 123456 });

export const bot = botName.meta({ description: "A bot's name", example: 'spin_bot' });

/** Clients and proxies take `.` and `..` out of an address. */
export const key = unitKey
  .refine((text) => !/^\.\.?$/.test(text), 'must not be "." or "..": no address can end like that')
  .meta({ description: "The unit's idempotency key, unique per bot", example: 'upd-4711' });

/** A key may have colons in it, a bot's name may not: it ends at the first. */
export const readAfter = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}:[\x21-\x7e]{1,200}$/, 'expected <bot>:<key> of a unit')
  .meta({
    description: 'A unit that the answer must know of, if it is applied: bot and key',
    example: 'spin_bot:upd-4711',
  });

export const badgeType = label.meta({ description: 'Only this badge', example: 'spin_master' });

export const code = promocode.meta({ description: 'The code; case does not matter', example: 'NEWYEAR2025' });

/** A page's `next`; what is in it is the repository's affair. */
export const before = z
  .string()
  .max(100)
  .meta({ description: 'The `next` of an earlier page: what comes before it', example: 'YWZ0ZXIgNDI' });

const MOST_PER_PAGE = 100;
const FARTHEST_OFFSET = 1_000_000_000;

export const limit = wholeNumber
  .pipe(z.int().min(1).max(MOST_PER_PAGE))
  .default(10)
  .meta({ description: 'Most entries at once' });

const offset = wholeNumber
  .pipe(z.int().min(0).max(FARTHEST_OFFSET))
  .default(0)
  .meta({ description: 'Entries to leave out first' });

/** Query parameters of a list in pages. */
export const page = { limit, offset };
