import type { Job } from 'bullmq';
import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import { IdempotencyKey } from '../../src/models/index.js';
import type { JobData } from '../../src/operations/unit.js';
import { until } from '../helpers/until.js';
import { type Fleet, startFleet } from './fleet.js';

const UNITS = 6_000;

describe('A commit worker that is told to stop', () => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await startFleet('postgres');
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl: fleet.redisUrl });
    await Promise.all(Array.from({ length: UNITS }, (_, number) => bot.addXp(1 + (number % 50), { xp: 1 })));
    await bot.close();
  });
  afterEach(() => fleet.close());

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`finishes what it holds on ${signal} under load, exits 0, and leaves nothing stalled`, async function () {
      this.timeout(60_000);
      await fleet.startWorkers(1);
      await until(async () => (await applied(fleet)) > 0, { what: 'the first batch is committed' });
      fleet.workers[0]?.signal(signal);
      expect(await fleet.workers[0]?.exited, fleet.workers[0]?.output()).to.equal(0);

      expect(await fleet.queue.getActiveCount()).to.equal(0);
      expect(await applied(fleet)).to.equal(UNITS - (await waitingUnits(fleet)));

      await fleet.startWorkers(1);
      await fleet.drained();
      expect(await applied(fleet)).to.equal(UNITS);
    });
  }
});

/** Units in the jobs that were not taken, or handed back. */
async function waitingUnits({ queue }: Fleet): Promise<number> {
  const jobs: Job<JobData>[] = await queue.getJobs(['wait']);
  return jobs.reduce((sum, { data }) => sum + data.units.length, 0);
}

const applied = ({ database }: Fleet) => database.sequelize.getRepository(IdempotencyKey).count();
