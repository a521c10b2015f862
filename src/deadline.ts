import { setTimeout as pause } from 'node:timers/promises';

/** What was asked did not answer in time. */
export class LateError extends Error {
  override readonly name = 'LateError';
}

/**
 * What the work answers, if it does so in time.
 *
 * @throws LateError otherwise; the work goes on, and nobody hears of it
 */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = pause(ms, undefined, { ref: false }).then(() => {
    throw new LateError(`no answer within ${ms} ms`);
  });
  return Promise.race([work, late]);
}
