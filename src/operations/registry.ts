import type * as z from 'zod';
import { addFreeTrainings } from './add-free-trainings.js';
import { addScore } from './add-score.js';
import { addXp } from './add-xp.js';
import { awardBadge } from './award-badge.js';
import { consumeAccess } from './consume-access.js';
import { createSubscription } from './create-subscription.js';
import { incrementTrainings } from './increment-trainings.js';
import { resetSession } from './reset-session.js';
import { saveSession } from './save-session.js';
import { setLevel } from './set-level.js';
import { touchUser } from './touch-user.js';

/** Every operation. Types, validation and SDK methods follow from this list. */
export const operations = {
  touchUser,
  saveSession,
  resetSession,
  addXp,
  setLevel,
  addScore,
  incrementTrainings,
  awardBadge,
  createSubscription,
  addFreeTrainings,
  consumeAccess,
} as const;

type Operations = typeof operations;

export type OperationName = keyof Operations;

/** What a caller gives: defaulted fields are optional. */
export type PayloadOf<N extends OperationName> = z.input<Operations[N]['payload']>;

/** What an operation answers, as it arrives over JSON: dates are ISO 8601 text. */
export type OutcomeOf<N extends OperationName> = Printed<ReturnType<Operations[N]['apply']>>;

type Printed<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Printed<T[K]> } : T;

export const operationNames = Object.keys(operations) as OperationName[];

/** The operation of that name, if there is one; safe for names from outside. */
export function findOperation(name: string): Operations[OperationName] | undefined {
  return Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined;
}
