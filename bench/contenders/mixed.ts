import { mixUnit } from '../mix.js';
import { botledgerLone, botledgerPacks } from './botledger.js';
import type { Contender } from './contender.js';
import { enqueueLone, enqueuePacks, withQueue } from './enqueue.js';

/** The same workers as of another contender, on the realistic mix. */
function mixed(contender: Contender, units: number, enqueue: typeof enqueueLone): Contender {
  const { queue = '' } = contender;
  return {
    ...contender,
    units,
    fill: (range, { redisUrl }) => withQueue(queue, redisUrl, (open) => enqueue(open, range, mixUnit)),
  };
}

export const mixLone = mixed(botledgerLone, 10_000, enqueueLone);
export const mixPacks = mixed(botledgerPacks, 20_000, enqueuePacks);
