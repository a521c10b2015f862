import type { Writable } from 'node:stream';

/** Bytes that are worth a write of their own: the other end works on them while the next are made. */
const ENOUGH = 16 * 1_024;

/**
 * Makes few writes to the network of all that is written to a stream before the event loop goes on: a batch sends many
 * small things at once, and each write of its own costs a call of the system here, and one at the other end.
 *
 * @param later calls what it is given when the event loop goes on; with `setImmediate`, after all that this turn of it
 *   has brought is dealt with, and after what is written to other streams
 */
export function gather(stream: Writable, later: (uncork: () => void) => void = process.nextTick): void {
  if (stream.writableCorked === 0) later(() => stream.uncork());
  else if (stream.writableLength > ENOUGH) stream.uncork();
  else return;
  stream.cork();
}
