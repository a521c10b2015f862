import type { JobsOptions } from 'bullmq';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { checkUnit, readJob, type Unit } from '../../src/operations/unit.js';
import { arbitraryUnit } from '../helpers/arbitrary.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { nearlyRightUnit, oddJson, oddObject, spoiled } from '../helpers/odd-json.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { eachOn, variants } from '../helpers/variants.js';

const units = fc.array(
  fc.oneof(arbitraryUnit, nearlyRightUnit, arbitraryUnit.chain(spoiled), oddJson, oddObject) as fc.Arbitrary<Unit>,
  { minLength: 1, maxLength: 4 },
);
const data = fc.oneof(
  { weight: 4, arbitrary: units.map((some) => ({ v: 1, units: some })) },
  { weight: 1, arbitrary: units.chain((some) => spoiled({ v: 1, units: some })) },
  { weight: 1, arbitrary: fc.oneof(oddJson, oddObject) },
);
const options: fc.Arbitrary<JobsOptions> = fc.record(
  {
    attempts: fc.constantFrom(1, 2),
    backoff: fc.constantFrom(1, { type: 'fixed', delay: 1 }, { type: 'unheard-of', delay: 1 }),
    delay: fc.constantFrom(1, 20),
    priority: fc.integer({ min: 0, max: 5 }),
    lifo: fc.boolean(),
    // Before 1970 or in a far future, BullMQ keeps a job with a delay for as long.
    timestamp: fc.constantFrom(0, 1, 1_700_000_000_000),
    removeOnFail: fc.constant(false),
    stackTraceLimit: fc.nat(3),
  },
  { requiredKeys: [] },
);
const job = fc.record({ name: fc.string({ unit: 'binary' }), data, options });

for (const variant of variants.slice(1)) {
  describe(`Anything at all, put into the queue, on ${variant.name}`, () => {
    const on = eachOn(variant);
    let jobs: TestQueue;
    let opened: Closable[];

    beforeEach(async () => {
      const redisUrl = await freshRedisUrl();
      jobs = openQueue(redisUrl);
      opened = [jobs, await startWorker(on.database, redisUrl)];
    });
    afterEach(() => closeAll(opened));

    it('ends: what fits is applied, the rest fails with its reason, and nothing else happens', async () => {
      const fitting = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 30 }), async (some) => {
          const added = await jobs.queue.addBulk(
            some.map(({ name, data, options }) => ({ name, data, opts: options })),
          );
          for (const { data } of some) for (const key of keysThatFit(data)) fitting.add(key);
          await until(async () => (await unfinished(jobs)) === 0, { what: 'all have ended' });
          for (const { id = '', data } of added) {
            const state = await jobs.queue.getJobState(id);
            // A deletion takes the jobs of its user along.
            if (state !== 'completed') expect(state).to.be.oneOf(['failed', 'unknown']);
            else expect(isJob(data), JSON.stringify(data)).to.equal(true);
          }
        }),
        { numRuns: 40, endOnFailure: true },
      );
      for (const failed of await jobs.queue.getFailed()) {
        expect(failed.failedReason).to.match(/^(Validation|IdempotencyConflict|UnitFailed|Rule)Error: ./);
      }
      for (const { botName, key } of await on.ledger()) expect(fitting).to.include(`${botName} ${key}`);
    });
  });
}

async function unfinished({ queue }: TestQueue): Promise<number> {
  const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function keysThatFit(data: unknown): string[] {
  if (!isJob(data)) return [];
  return readJob(asJson(data)).flatMap((raw) => {
    try {
      const { bot, key } = checkUnit(raw);
      return [`${bot} ${key}`];
    } catch {
      return [];
    }
  });
}

function isJob(data: unknown): boolean {
  try {
    return readJob(asJson(data)).length > 0;
  } catch {
    return false;
  }
}

/** As it arrives: JSON has no undefined and no -0. */
const asJson = (data: unknown): unknown => JSON.parse(JSON.stringify(data));
