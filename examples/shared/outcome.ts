import { type Receipt, ResultTimeoutError } from 'botledger';

const PATIENCE_MS = 5_000;

/** The outcome, or undefined when it takes too long to wait for: the workers are behind, or the database is away. */
export async function outcomeOf<O>(receipt: Receipt<O>): Promise<O | undefined> {
  try {
    return await receipt.result({ timeoutMs: PATIENCE_MS });
  } catch (error) {
    if (error instanceof ResultTimeoutError) return undefined;
    throw error;
  }
}
