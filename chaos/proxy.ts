import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Closable } from '../src/lifecycle.js';

/** Stands between our processes and a server, and breaks their connections when told to. */
export interface BreakableProxy extends Closable {
  readonly port: number;
  /**
   * Resets connections (RST), at both ends: what was under way on them is lost.
   *
   * @param chosen tells for each whether it is one of them
   */
  reset(chosen: () => boolean): number;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to another one. */
export async function startProxy(target: number): Promise<BreakableProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    reset(chosen) {
      const broken = [...pairs].filter(chosen);
      for (const socket of broken.flat()) socket.resetAndDestroy();
      return broken.length;
    },
    async close() {
      for (const socket of [...pairs].flat()) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
