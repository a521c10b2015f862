import type { Writable } from 'node:stream';

/**
 * Makes one write to the network of all that is written to a stream before the event loop goes on: a batch sends many
 * small things at once, and each write of its own costs a call of the system here, and one at the other end.
 */
export function gather(stream: Writable): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}
