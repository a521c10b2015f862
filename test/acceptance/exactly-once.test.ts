import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { IdempotencyKey } from '../../src/models/index.js';
import { startProcess } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { type Fleet, startFleet } from './fleet.js';

const UNITS = 5_000;

/** What the producers' units add up to, by user. */
function expectedXp(): Record<number, number> {
  const xp: Record<number, number> = {};
  for (let number = 1; number <= UNITS; number++) {
    const user = 1 + (number % 100);
    xp[user] = (xp[user] ?? 0) + 1 + (number % 7);
  }
  return xp;
}

describe('Exactly once', () => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await startFleet('postgres');
  });
  afterEach(() => fleet.close());

  it('applies 5,000 units once that three processes send, with four workers', async function () {
    this.timeout(120_000);
    await fleet.startWorkers(4);
    await sendThrice(fleet);
    await fleet.drained(60_000);
    await expectExactSums(fleet);
  });

  it('holds when workers are killed and replaced while they work', async function () {
    this.timeout(120_000);
    await sendThrice(fleet);
    for (let kill = 0; kill < 4; kill++) {
      const before = await countLedger(fleet);
      await fleet.startWorkers(1);
      await until(async () => (await countLedger(fleet)) > before, { everyMs: 1, what: 'a batch is committed' });
      fleet.workers[kill]?.signal('SIGKILL');
      await fleet.workers[kill]?.exited;
    }
    expect(await fleet.queue.getActiveCount(), 'jobs that the killed still hold').to.be.above(0);
    await fleet.startWorkers(2);
    await fleet.drained(60_000);
    await expectExactSums(fleet);
  });
});

async function sendThrice({ environment }: Fleet): Promise<void> {
  const producers = [0, 1, 2].map(() =>
    startProcess('test/acceptance/producer.js', { args: ['spin_bot', '1', `${UNITS}`], environment }),
  );
  for (const producer of producers) expect(await producer.exited, producer.output()).to.equal(0);
}

async function expectExactSums({ database, queue }: Fleet): Promise<void> {
  expect(await queue.getFailedCount()).to.equal(0);
  const rows = await database.sequelize.query<{ telegram_id: number; total_xp: number }>(
    'SELECT telegram_id, total_xp FROM users',
    { type: QueryTypes.SELECT },
  );
  expect(Object.fromEntries(rows.map((row) => [row.telegram_id, row.total_xp]))).to.deep.equal(expectedXp());
  expect(await countLedger({ database })).to.equal(UNITS);
}

const countLedger = ({ database }: Pick<Fleet, 'database'>) => database.sequelize.getRepository(IdempotencyKey).count();
