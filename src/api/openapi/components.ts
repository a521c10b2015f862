import type * as z from 'zod';
import { exportView } from '../../domain/export-view.js';
import {
  accessView,
  badgeView,
  leaderboardEntry,
  leaderboardPage,
  paymentView,
  promocodeView,
  sessionPage,
  sessionView,
  subscriptionView,
  trainingPage,
  trainingView,
  userView,
} from '../../domain/views.js';
import * as answers from '../answers.js';
import * as examples from './examples.js';

/** What stands in the document under a name of its own: by name, the schema and an example. */
type Component<S extends z.ZodType = z.ZodType> = readonly [id: string, schema: S, example: unknown];

const component = <S extends z.ZodType>(id: string, schema: S, example: z.output<S>): Component<S> => [
  id,
  schema,
  example,
];

/** Everything that an answer consists of. */
export const components: readonly Component[] = [
  component('Problem', answers.problem, examples.problem),
  component('Liveness', answers.liveness, { status: 'ok' }),
  component('Readiness', answers.readiness, examples.readiness),
  component('OpenApiDocument', answers.openApiDocument, { openapi: '3.1.0' }),
  component('User', userView, examples.user),
  component('Count', answers.count, { count: 2 }),
  component('Rank', answers.rank, { rank: 1 }),
  component('Badge', badgeView, examples.badge),
  component('Badges', answers.badgeList, { badges: [examples.badge] }),
  component('Access', accessView, examples.access),
  component('Subscription', subscriptionView, examples.subscription),
  component('ActiveSubscription', answers.activeSubscription, { subscription: examples.subscription }),
  component('LeaderboardEntry', leaderboardEntry, examples.leader),
  component('Leaderboard', leaderboardPage, { users: [examples.leader], total: 2 }),
  component('Session', sessionView, examples.session),
  component('Sessions', sessionPage, { sessions: [examples.storedSession], next: 'YWZ0ZXIgNDI' }),
  component('Payment', paymentView, examples.payment),
  component('Payments', answers.paymentList, { payments: [examples.payment] }),
  component('Training', trainingView, examples.training),
  component('Trainings', trainingPage, { trainings: [examples.training], next: 'YWZ0ZXIgNDI' }),
  component('Promocode', promocodeView, examples.promocode),
  component('Export', exportView, examples.exported),
  component('AppliedUnit', answers.appliedUnit, examples.applied),
  component('FailedUnit', answers.failedUnit, examples.failed),
  component('WaitingUnit', answers.waitingUnit, { key: 'upd-4711', status: 'waiting' }),
  component('Unit', answers.unitState, examples.applied),
];
