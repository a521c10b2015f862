import type { Closable } from '../../src/lifecycle.js';
import { closeAll } from '../../src/lifecycle.js';

const opened: Closable[] = [];

/** Has something closed when the whole test run ends: after all tests, last opened first. */
export function closeAfterRun<T extends Closable>(closable: T): T {
  opened.push(closable);
  return closable;
}

/** For the global teardown. */
export async function closeRun(): Promise<void> {
  await closeAll(opened.splice(0));
}
