import { ValidationError } from '../errors.js';

/** A place in a list, as text that means nothing to who passes it on. */
export const writeCursor = (id: number): string => Buffer.from(`after ${id}`).toString('base64url');

/** @throws ValidationError for what writeCursor did not write */
export function readCursor(cursor: string): number {
  const [, digits] = /^after (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const id = Number(digits);
  if (digits === undefined || writeCursor(id) !== cursor) {
    throw new ValidationError(['before: expected the "next" of an earlier page']);
  }
  return id;
}
