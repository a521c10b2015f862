import * as z from 'zod';
import { appliedState, badgeView, failedState, paymentView, subscriptionView, waitingState } from '../domain/views.js';

/** What routes answer that is not a view by itself. */

export const count = z.strictObject({ count: z.int() });

export const rank = z.strictObject({ rank: z.int().min(1).nullable() });

export const badgeList = z.strictObject({ badges: z.array(badgeView) });

export const paymentList = z.strictObject({ payments: z.array(paymentView) });

export const activeSubscription = z.strictObject({ subscription: subscriptionView.nullable() });

const key = z.string();

export const appliedUnit = z.strictObject({ key, ...appliedState.shape });
export const failedUnit = z.strictObject({ key, ...failedState.shape });
export const waitingUnit = z.strictObject({ key, ...waitingState.shape });
export const unitState = z.discriminatedUnion('status', [appliedUnit, failedUnit, waitingUnit]);

/** This process runs. */
export const liveness = z.strictObject({ status: z.literal('ok') });

/** Each part is `ok`, or says what is the matter with it. */
export const readiness = z.strictObject({
  status: z.enum(['ok', 'not ready']),
  database: z.enum(['ok', 'away']),
  migrations: z.string(),
  redis: z.enum(['ok', 'away']),
});

/** RFC 9457. */
export const problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  errors: z.array(z.string()).exactOptional(),
});

export const openApiDocument = z.looseObject({ openapi: z.literal('3.1.0') });
