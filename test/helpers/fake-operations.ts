import * as z from 'zod';
import type { Rows } from '../../src/domain/rows.js';
import { type Context, operation } from '../../src/operations/operation.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { unit } from './units.js';

interface Sent {
  telegramId?: number;
  key?: string;
}

/** A unit whose only operation has this rule: for what no operation of ours does. */
export function unitRunning(
  apply: (rows: Rows, context: Context) => unknown,
  { telegramId = 1, ...rest }: Sent = {},
): CheckedUnit {
  const fake = operation({
    name: 'fake',
    payload: z.strictObject({}),
    apply: (rows, _, context) => apply(rows, context),
  });
  return { ...unit(rest), operations: [{ operation: fake, telegramId, payload: {} }] };
}

/** A unit whose rule throws after it has changed rows. */
export const poison = (sent: Sent = {}): CheckedUnit =>
  unitRunning((rows, { telegramId, bot, at }) => {
    const user = rows.user(telegramId);
    user.totalXp += 1_000_000;
    rows.add('userBadges', { userId: user.id, badgeType: 'poison', earnedInBot: bot, earnedAt: at, metadata: null });
    throw new Error('the rule of this operation is broken');
  }, sent);

/** A unit whose rule is content, and whose row the database refuses, whatever else is in the batch. */
export const unstorable = (sent: Sent = {}): CheckedUnit =>
  unitRunning((rows, { telegramId, at }) => {
    const { id } = rows.user(telegramId);
    rows.add('freeTrainings', { userId: id, source: 'ADMIN', trainingsLeft: -1, createdAt: at });
    return { stored: true };
  }, sent);
