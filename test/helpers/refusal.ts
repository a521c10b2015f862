import { ValidationError } from '../../src/errors.js';

/** The problems that a call names in its ValidationError; fails when it throws none, or something else. */
export function refusal(call: () => unknown): readonly string[] {
  try {
    call();
  } catch (error) {
    if (error instanceof ValidationError) return error.problems;
    throw error;
  }
  throw new Error('expected a ValidationError, but nothing was refused');
}
