import type * as z from 'zod';
import { addFreeTrainings } from './add-free-trainings.js';
import { addScore } from './add-score.js';
import { addXp } from './add-xp.js';
import { awardBadge } from './award-badge.js';
import { cancelSubscription } from './cancel-subscription.js';
import { completeTraining } from './complete-training.js';
import { consumeAccess } from './consume-access.js';
import { createPromocode } from './create-promocode.js';
import { createSubscription } from './create-subscription.js';
import { deleteUser } from './delete-user.js';
import { incrementTrainings } from './increment-trainings.js';
import { recordPayment } from './record-payment.js';
import { redeemPromocode } from './redeem-promocode.js';
import { resetSession } from './reset-session.js';
import { revokeBadge } from './revoke-badge.js';
import { saveSession } from './save-session.js';
import { saveTrainingHistory } from './save-training-history.js';
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
  revokeBadge,
  saveTrainingHistory,
  completeTraining,
  createSubscription,
  cancelSubscription,
  consumeAccess,
  addFreeTrainings,
  recordPayment,
  createPromocode,
  redeemPromocode,
  deleteUser,
} as const;

type Operations = typeof operations;

export type OperationName = keyof Operations;

/** Whether an operation names a user. */
export type SubjectOf<N extends OperationName> = Operations[N]['subject'];

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
