import type { OperationName, OutcomeOf, PayloadOf, SubjectOf } from '../operations/registry.js';
import type { Receipt } from './receipt.js';

/** How a unit is sent. */
export interface SendOptions {
  /**
   * The idempotency key, unique per bot: derive it from what happened, e.g. `upd-${update_id}`. What is sent again
   * under the same key is applied once. Without one, every call is a new fact.
   */
  key?: string;
  /**
   * When it happened, if not now: a Date, or milliseconds since 1970. A session written with an earlier time does not
   * replace one written later; a time in the future counts as now.
   */
  at?: Date | number;
}

type UserArgument<N extends OperationName> = SubjectOf<N> extends 'none' ? [] : [telegramId: number];

type PayloadArguments<N extends OperationName> =
  Record<never, never> extends PayloadOf<N> ? [payload?: PayloadOf<N>] : [payload: PayloadOf<N>];

/** One method per operation: enqueues it, and resolves with a receipt once Redis holds the job. */
export type OperationMethods = {
  [N in OperationName]: (
    ...args: [...UserArgument<N>, ...PayloadArguments<N>, options?: SendOptions]
  ) => Promise<Receipt<OutcomeOf<N>>>;
};

/** The same methods inside `unit()`: they note the operation, and nothing is sent before the function returns. */
export type UnitMethods = {
  [N in OperationName]: (...args: [...UserArgument<N>, ...PayloadArguments<N>]) => void;
};
