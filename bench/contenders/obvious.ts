import { type Job, Worker } from 'bullmq';
import { Database } from '../../src/database.js';
import { IdempotencyKey, User } from '../../src/models/index.js';
import type { JobData, Unit } from '../../src/operations/unit.js';
import { keepCompleted } from '../../src/queue.js';
import type { Contender } from './contender.js';
import { enqueueLone, withQueue } from './enqueue.js';
import { launchWorker } from './launch.js';
import { openPlainRedis } from './plain-redis.js';

const QUEUE = 'bench-obvious';

const CONCURRENCY = 50;

/** The obvious design: one Sequelize transaction per job. */
export const obvious: Contender = {
  title: 'one Sequelize transaction a job',
  units: 1_500,
  processes: 1,
  commits: true,
  queue: QUEUE,
  fill: (range, { redisUrl }) => withQueue(QUEUE, redisUrl, (queue) => enqueueLone(queue, range)),
  launch: (places) => launchWorker('obvious', places),
  async work({ redisUrl, databaseUrl }) {
    const connection = openPlainRedis(redisUrl);
    const database = new Database({ url: databaseUrl, poolSize: CONCURRENCY });
    const worker = new Worker(QUEUE, (job: Job<JobData>) => apply(database, job.data.units[0] as Unit), {
      connection,
      concurrency: CONCURRENCY,
      removeOnComplete: keepCompleted,
    });
    await worker.waitUntilReady();
    return {
      async close() {
        await worker.close();
        await connection.quit();
        await database.close();
      },
    };
  },
};

async function apply({ sequelize }: Database, { bot, key, operations }: Unit): Promise<unknown> {
  const users = sequelize.getRepository(User);
  const ledger = sequelize.getRepository(IdempotencyKey);
  return sequelize.transaction(async (transaction) => {
    const applied = await ledger.findOne({ where: { botName: bot, key }, transaction });
    if (applied) return applied.outcomes;

    const now = new Date();
    const { telegramId, xp } = operations[0] as unknown as { telegramId: number; xp: number };
    await users.findOrCreate({
      where: { telegramId },
      defaults: { telegramId, registrationDate: now, lastActivity: now },
      transaction,
    });
    const user = await users.findOne({ where: { telegramId }, lock: true, transaction, rejectOnEmpty: true });
    const oldLevel = user.level;
    user.totalXp += xp;
    user.level = Math.max(oldLevel, Math.min(Math.floor(user.totalXp / 100) + 1, 100));
    user.lastActivity = now;
    await user.save({ transaction });

    const outcomes = [{ leveledUp: user.level > oldLevel, oldLevel, newLevel: user.level, totalXp: user.totalXp }];
    await ledger.create({ botName: bot, key, contentHash: '-', outcomes, createdAt: now }, { transaction });
    return outcomes;
  });
}
