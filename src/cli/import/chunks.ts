import type { Row } from './rows.js';

// A few packs: more at once is no faster, and needs more memory.
const MOST_ROWS = 500;
const MOST_BYTES = 512 * 1024;

/**
 * Gathers rows into chunks, until the rows end, fail or are not wanted any more.
 *
 * @param stop ends it after the chunk at hand
 * @param onFailure is told why rows could not be read to their end; those before are yielded all the same
 */
export async function* chunksOf(
  rows: AsyncIterable<Row>,
  stop: AbortSignal,
  onFailure: (error: Error) => void,
): AsyncGenerator<Row[]> {
  let chunk: Row[] = [];
  let bytes = 0;
  try {
    for await (const row of rows) {
      if (stop.aborted) return;
      chunk.push(row);
      bytes += row.bytes;
      if (chunk.length < MOST_ROWS && bytes < MOST_BYTES) continue;
      yield chunk;
      chunk = [];
      bytes = 0;
    }
  } catch (error) {
    onFailure(error as Error);
  }
  if (chunk.length > 0) yield chunk;
}
