import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../errors.js';
import type { Closable } from '../lifecycle.js';

/** Where to listen. */
interface Place {
  host: string;
  port: number;
  /** The setting that the port comes from. */
  setting: string;
}

/** A request that takes longer to arrive is dropped. */
const REQUEST_TIMEOUT_MS = 30_000;

/** How long closing waits for answers under way. */
const CLOSE_TIMEOUT_MS = 5_000;

/** How often it looks for those that have ended. */
const SWEEP_MS = 20;

/**
 * Serves an app.
 *
 * @returns where, once it listens; `close()` finishes the requests under way
 * @throws ConfigError when it cannot listen where it is told to
 */
export async function listen(
  app: RequestListener,
  { host, port, setting }: Place,
): Promise<Closable & { url: string }> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, app);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ConfigError([
      `${setting} ${port} on HOST ${host}: ${(error as Error).message}; set another, or stop what is there`,
    ]);
  }
  return { url: addressOf(server), close: () => stop(server) };
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  // Whoever listens everywhere is found here as well.
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Lets the requests under way finish; idle connections end at once. */
async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection that was busy when the server closed would idle on for as long as its client keeps it alive.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const giveUp = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
  await closed;
  clearTimeout(giveUp);
  clearInterval(sweep);
}
