/** No answer keeps a client waiting for longer. */
const LONGEST_WAIT_S = 30;

/**
 * How many seconds a client would wait for an outcome: its `Prefer: wait=5` (RFC 7240), as far as we go along with it.
 *
 * @returns undefined when it would rather not wait, or says something that we do not know
 */
export function preferredWait(prefer: string | undefined): number | undefined {
  const waits = (prefer ?? '').split(',').map((preference) => WAIT.exec(preference)?.[1]);
  const seconds = waits.find((wait) => wait !== undefined);
  return seconds === undefined ? undefined : Math.min(Number(seconds), LONGEST_WAIT_S);
}

const WAIT = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;|$)/i;
