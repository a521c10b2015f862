import { Job, type Queue } from 'bullmq';
import type { RedisClient } from '../redis.js';

/**
 * Mends jobs that are under way and that BullMQ cannot read, because somebody wrote into their hashes by hand or with
 * another tool, and puts them back into the queue. Nobody would ever finish them: they would stall and come again for
 * ever. Data that is no JSON becomes a text, so that the job fails with a reason and can be looked at; what else cannot
 * be read is dropped.
 *
 * @returns the ids of those that were mended
 */
export async function mendJobs(queue: Queue, redis: RedisClient): Promise<string[]> {
  const mended: string[] = [];
  for (const id of await redis.lrange(queue.toKey('active'), 0, -1)) {
    if (await mend(queue.toKey(id), redis)) {
      mended.push(id);
      // If its lock is gone, the job comes back as any that has stalled.
      const token = await redis.get(`${queue.toKey(id)}:lock`);
      if (token) await (await Job.fromId(queue, id))?.moveToWait(token).catch(() => undefined);
    }
  }
  return mended;
}

async function mend(hash: string, redis: RedisClient): Promise<boolean> {
  const [data, opts, progress, parent, scheduler] = await redis.hmget(
    hash,
    'data',
    'opts',
    'progress',
    'parent',
    'rjk',
  );
  const options = parse(opts || '{}');
  const unreadable: string[] = [];
  if (!options) unreadable.push('opts');
  if (parse(progress || '0') === undefined) unreadable.push('progress');
  if (parent && parse(parent) === undefined) unreadable.push('parent');
  // Without options for it there is no next run to schedule.
  if (scheduler && !(options as { repeat?: object } | undefined)?.repeat) unreadable.push('rjk');
  if (unreadable.length > 0) await redis.hdel(hash, ...unreadable);
  const isText = parse(data || '{}') === undefined;
  if (isText) await redis.hset(hash, 'data', JSON.stringify(data));
  return isText || unreadable.length > 0;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
