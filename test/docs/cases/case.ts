import type { Receipt } from '../../../src/index.js';
import type { Fleet } from '../fleet.js';

/** Checks what one row of docs/from-python.md says. `row` is its second cell: what is new. */
export type Case = (fleet: Fleet, row: string) => Promise<unknown>;

/** The cases of each table, by its heading and the row's first cell up to the bracket. */
export type Cases = Record<string, Record<string, Case>>;

/** What an operation answered once it was committed. */
export const outcome = async <O>(receipt: Promise<Receipt<O>>): Promise<O> => (await receipt).result();

/** The error of what must not succeed. */
export { rejection } from '../../helpers/rejection.js';
