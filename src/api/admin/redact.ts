import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Job } from 'bullmq';
import * as z from 'zod';
import { type EventType, eventTypes } from '../../domain/events.js';
import { type OperationName, operationNames } from '../../operations/registry.js';
import { botName, unitKey } from '../../operations/unit.js';

/**
 * A queue in Bull Board without what is in its jobs: of a unit its bot, key, time, operations and size, of an event its
 * type, bot, time and size. Users are named in neither, so nor are they here. Only what is shown changes: a job that is
 * retried is retried as it is.
 */
export class RedactedAdapter extends BullMQAdapter {
  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job && redact(job);
  }

  override async getJobs(...range: Parameters<BullMQAdapter['getJobs']>): Promise<Job[]> {
    return (await super.getJobs(...range)).map(redact);
  }

  /** botledger writes none; whoever else does may write anything. */
  override async getJobLogs(): Promise<string[]> {
    return [];
  }

  override async getJobSchedulers(): ReturnType<BullMQAdapter['getJobSchedulers']> {
    return (await super.getJobSchedulers()).map(({ template: _, ...scheduler }) => scheduler);
  }

  /** Flows, which botledger has none of, would show the progress of their jobs as it is. */
  override async getFlowProducer(): Promise<null> {
    return null;
  }
}

function redact(job: Job): Job {
  const json = job.toJSON();
  const { data, returnvalue, failedReason, deferredFailure } = json;
  const redacted = {
    ...json,
    data: describeData(data),
    returnvalue: returnvalue === null || returnvalue === undefined ? returnvalue : describeAnswer(returnvalue),
    progress: 0,
    // The first line of a stack is the reason.
    stacktrace: [],
    ...(failedReason ? { failedReason: describeReason(failedReason) } : {}),
    ...(deferredFailure ? { deferredFailure: describeReason(deferredFailure) } : {}),
  };
  job.toJSON = () => redacted;
  return job;
}

const UNREADABLE = '(unreadable)';
const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

const operationName = z
  .object({ name: z.enum(operationNames as [OperationName, ...OperationName[]]) })
  .transform(({ name }) => name);

const unitView = z
  .object({
    bot: botName.catch(UNREADABLE),
    key: unitKey.catch(UNREADABLE),
    at: z
      .int()
      .min(0)
      .transform((at) => new Date(at).toISOString())
      .catch(UNREADABLE),
    operations: z.array(z.unknown()),
  })
  .transform(({ operations, ...unit }) => ({
    ...unit,
    operations: operations.map((operation) => operationName.catch(UNREADABLE as OperationName).parse(operation)),
    bytes: sizeOf(operations),
  }));

const eventView = z.object({
  id: z.int(),
  type: z.enum(eventTypes as [EventType, ...EventType[]]),
  bot: botName.nullable(),
  at: z.iso.datetime(),
});

const packView = z.object({ units: z.array(z.unknown()) });

function describeData(data: unknown): unknown {
  const units = packView.safeParse(data).data?.units.map(describeUnit);
  // By itself, because the page folds what is nested.
  if (units) return units.length === 1 ? units[0] : { units };
  return { ...eventView.safeParse(data).data, bytes: sizeOf(data) };
}

const describeUnit = (unit: unknown) => unitView.safeParse(unit).data ?? { bytes: sizeOf(unit) };

const answerView = z.array(
  z.union([
    z.object({ movedTo: unitKey }),
    z
      .object({ key: unitKey, outcomes: z.array(z.unknown()) })
      .transform(({ key, outcomes }) => ({ key, bytes: sizeOf(outcomes) })),
  ]),
);

const describeAnswer = (answer: unknown) => answerView.safeParse(answer).data ?? { bytes: sizeOf(answer) };

// Our own say which field does not fit and how, and not what was in it; BullMQ's say what became of the worker. Those of
// a database or of a bot's handler may hold anything.
const OPEN_REASON = /^(ValidationError|IdempotencyConflictError): |^job stalled more than allowable limit$/;

function describeReason(reason: string): string {
  if (OPEN_REASON.test(reason)) return reason;
  const [kind = 'Error'] = /^\w{1,64}Error(?=: )/.exec(reason) ?? [];
  return `${kind}: (redacted)`;
}
