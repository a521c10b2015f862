import { EventQueues } from '../event-queue.js';
import { failFast } from '../queue.js';
import type { RedisClient } from '../redis.js';

/**
 * Removes the events of a deleted user from the queues of the bots. Those in the outbox went with the user.
 *
 * @param deletedAt what happened later is of a user who came back
 */
export async function forgetEvents(redis: RedisClient, telegramId: number, deletedAt: Date): Promise<void> {
  const queues = new EventQueues(redis, { ...failFast, skipMetasUpdate: true });
  try {
    for (const { events } of await queues.wanted()) await events.forget(telegramId, deletedAt);
  } finally {
    await queues.close();
  }
}
