import type { Queue } from 'bullmq';
import type { ScheduledJob } from './jobs.js';

const TIMEZONE = 'UTC';

/**
 * Sees to it that Redis holds the schedule of a job. What is there already stays untouched: setting a schedule anew
 * drops a run that is due, and around the moment of a run it can make BullMQ do that run twice.
 */
export async function putOnSchedule(queue: Queue, job: ScheduledJob): Promise<void> {
  if (await isOnSchedule(queue, job)) return;
  try {
    await queue.upsertJobScheduler(job.name, { pattern: job.pattern, tz: TIMEZONE }, { name: job.name });
  } catch (error) {
    // Another process put it there at the same moment.
    if (!(await isOnSchedule(queue, job))) throw error;
  }
}

async function isOnSchedule(queue: Queue, { name, pattern }: ScheduledJob): Promise<boolean> {
  const scheduler = await queue.getJobScheduler(name);
  if (scheduler?.pattern !== pattern || scheduler.tz !== TIMEZONE) return false;
  // A schedule whose next run a person removed in Bull Board would stand still for ever.
  const pending = await queue.getJobs(['delayed', 'waiting', 'active']);
  return pending.some(({ repeatJobKey }) => repeatJobKey === name);
}
