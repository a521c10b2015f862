import { randomInt } from 'node:crypto';
import { monotonicFactory } from 'ulid';

/**
 * A key for a unit that was given none: a ULID, so that the ledger's index grows at its right end. ulid's own source
 * of randomness takes a system call per character; randomInt keeps a pool.
 */
export const freshKey: () => string = monotonicFactory(() => randomInt(2 ** 32) / 2 ** 32);
