import { withQueue } from './contenders/enqueue.js';
import { type Fleet, untilEmpty } from './fleet.js';
import type { BenchDatabase } from './servers.js';
import type { Range } from './workload.js';

/**
 * Has running workers do the units of a range, on the connections that they have.
 *
 * @returns units per second
 */
export async function measureSlice(database: BenchDatabase, fleet: Fleet, range: Range): Promise<number> {
  const { queue: name = '' } = fleet.contender;
  return withQueue(name, fleet.places.redisUrl, async (queue) => {
    await queue.pause();
    await fleet.fill(range);
    await database.sql('CHECKPOINT');
    const start = performance.now();
    await queue.resume();
    await untilEmpty(queue);
    return ((range.to - range.from) * 1_000) / (performance.now() - start);
  });
}
