import type { Job } from 'bullmq';
import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import { IdempotencyKey } from '../../src/models/index.js';
import type { JobData } from '../../src/operations/unit.js';
import type { Process } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { type Fleet, startFleet } from './fleet.js';

const UNITS = 6_000;

describe('A commit worker that is told to stop', () => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await startFleet('postgres');
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl: fleet.redisUrl });
    // Not all at once: a call gives up after a second, and the machine may be busy.
    for (let sent = 0; sent < UNITS; sent += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, number) => bot.addXp(1 + (number % 50), { xp: 1 })));
    }
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

describe('A commit worker that cannot finish in time', () => {
  let fleet: Fleet;
  let bot: BotLedger;

  beforeEach(async () => {
    fleet = await startFleet('postgres');
    bot = new BotLedger({ bot: 'spin_bot', redisUrl: fleet.redisUrl });
    fleet.environment['STALLED_AFTER_SECONDS'] = '2';
    fleet.environment['SHUTDOWN_TIMEOUT_SECONDS'] = '2';
  });
  afterEach(async () => {
    await bot.close();
    await fleet.close();
  });

  /** Tells a worker to stop while somebody else keeps its batch from being committed. */
  async function stopWhileLocked(work: (worker: Process) => Promise<void>): Promise<void> {
    await fleet.startWorkers(1);
    const worker = fleet.workers[0] as Process;
    await fleet.database.sequelize.transaction(async (transaction) => {
      await fleet.database.sequelize.query('LOCK TABLE idempotency_keys', { transaction });
      await Promise.all(Array.from({ length: 50 }, (_, user) => bot.addXp(1 + user, { xp: 1 })));
      await until(async () => (await fleet.queue.getActiveCount()) > 0, { what: 'a batch is under way' });
      worker.signal('SIGTERM');
      await worker.says('closing');
      await work(worker);
    });
    await fleet.startWorkers(1);
    await fleet.drained();
    expect(await applied(fleet)).to.equal(50);
    expect(await fleet.queue.getFailedCount()).to.equal(0);
  }

  it('exits at once on a second signal; another worker does the rest', () =>
    stopWhileLocked(async (worker) => {
      worker.signal('SIGINT');
      expect(await worker.exited).to.equal(1);
      expect(worker.output()).to.contain('second signal').and.not.contain('took too long');
    }));

  it('exits after its deadline; another worker does the rest', () =>
    stopWhileLocked(async (worker) => {
      expect(await worker.exited).to.equal(1);
      expect(worker.output()).to.contain('closing took too long');
    }));
});

/** Units in the jobs that were not taken, or handed back. */
async function waitingUnits({ queue }: Fleet): Promise<number> {
  const jobs: Job<JobData>[] = await queue.getJobs(['wait']);
  return jobs.reduce((sum, { data }) => sum + data.units.length, 0);
}

const applied = ({ database }: Fleet) => database.sequelize.getRepository(IdempotencyKey).count();
