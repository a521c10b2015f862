import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait for a condition. */
interface Patience {
  timeoutMs?: number;
  everyMs?: number;
  /** Names the condition in the error, e.g. `all jobs applied`. */
  what?: string;
}

/**
 * Asks until the answer is truthy; a condition that throws is not fulfilled yet.
 *
 * @returns the truthy answer
 * @throws Error when the time is up; its cause is what the condition threw last
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20, what = condition.toString() }: Patience = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await condition();
      if (answer) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`, { cause });
    await pause(everyMs);
  }
}
