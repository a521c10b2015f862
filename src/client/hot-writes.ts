import type { HotSessions } from '../hot/sessions.js';
import { isAlone, sessionImages } from '../operations/unit.js';
import type { Place, ReadyUnit } from './sender.js';

/** Puts into the hot sessions what a unit makes of them, as if it were committed; what it does is under way. */
export function enterSessions(
  sessions: HotSessions,
  { unit: { bot, key }, checked, keyed, noteFor = [], cold }: ReadyUnit,
  { job, index }: Place,
): Promise<void>[] {
  const { at, operations } = checked;
  if (isAlone(checked)) {
    return operations.map(({ telegramId }) => sessions.forget(telegramId as number, key, at, false));
  }
  if (cold) return [];
  const images = sessionImages(checked);
  for (const telegramId of noteFor) if (!images.has(telegramId)) images.set(telegramId, {});
  const address = { queue: job.queueName, job: job.id, index };
  return [...images].map(([telegramId, image]) => sessions.put({ bot, telegramId, key, at, image, keyed }, address));
}
