import * as z from 'zod';
import { botName, unitKey } from '../operations/unit.js';

/** Parameters in addresses: text that stands for something. */

/** A whole number in its usual form: no sign but a minus, no leading zeros. */
const wholeNumber = z
  .string()
  .regex(/^(0|-?[1-9]\d*)$/, 'expected a whole number')
  .transform(Number);

export const telegramId = wholeNumber.pipe(z.int('expected a safe integer'));

export const bot = botName;

export const key = unitKey;

const MOST_PER_PAGE = 100;
const FARTHEST_OFFSET = 1_000_000_000;

/** Query parameters of a list in pages. */
export const page = {
  limit: wholeNumber.pipe(z.int().min(1).max(MOST_PER_PAGE)).default(10),
  offset: wholeNumber.pipe(z.int().min(0).max(FARTHEST_OFFSET)).default(0),
};
