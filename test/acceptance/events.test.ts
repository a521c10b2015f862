import { expect } from 'chai';
import { Redis } from 'ioredis';
import { QueryTypes } from 'sequelize';
import { addWish, EventQueue } from '../../src/event-queue.js';
import { BotLedger } from '../../src/index.js';
import { closeAll } from '../../src/lifecycle.js';
import { OutboxEvent } from '../../src/models/index.js';
import { insertEvent, insertUser } from '../factories.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { type Fleet, startFleet } from './fleet.js';

const UNITS = 1_500;
const USERS = 30;

describe('Events', () => {
  let fleet: Fleet;
  let redis: Redis;
  let queue: EventQueue;

  beforeEach(async () => {
    fleet = await startFleet('postgres');
    redis = new Redis(fleet.redisUrl, { maxRetriesPerRequest: null });
    queue = new EventQueue(redis, 'spin_bot');
  });
  afterEach(() => closeAll([fleet, { close: () => redis.quit() }, queue]));

  const undelivered = () => fleet.database.sequelize.getRepository(OutboxEvent).count({ where: { deliveredAt: null } });

  async function startSchedule(): Promise<Process> {
    const schedule = startProcess('workers/schedule.js', { environment: fleet.environment });
    await schedule.says('schedule worker is ready');
    return schedule;
  }

  async function startListener(): Promise<Process> {
    const listener = startProcess('test/acceptance/listener.js', {
      args: ['spin_bot'],
      environment: fleet.environment,
    });
    await listener.says('listening');
    return listener;
  }

  it('are handed over once when the relay is killed between the queue and its mark', async function () {
    this.timeout(60_000);
    await addWish(redis as never, 'spin_bot', { type: '*', from: 'own' });
    const user = await insertUser(fleet.database);
    for (let number = 0; number < 20; number++) await insertEvent(fleet.database, user);

    const { sequelize } = fleet.database;
    await sequelize.transaction(async (transaction) => {
      // Rows can be read and locked, and not be changed.
      await sequelize.query('LOCK TABLE outbox IN SHARE MODE', { transaction });
      const relay = await startSchedule();
      await until(async () => (await queue.queue.getWaitingCount()) === 20, { what: 'they are queued' });
      relay.signal('SIGKILL');
      await relay.exited;
    });
    expect(await undelivered()).to.equal(20);

    await startSchedule();
    await until(async () => (await undelivered()) === 0, { what: 'they are marked' });
    expect(await queue.queue.getWaitingCount()).to.equal(20);
  });

  it('all arrive, in order per user, although everybody is killed', async function () {
    this.timeout(180_000);
    const seen = async () => {
      const users = Array.from({ length: USERS }, (_, user) => user + 1);
      return Promise.all(users.map((user) => redis.lrange(`seen:${user}`, 0, -1)));
    };
    const arrived = async () => (await seen()).reduce((sum, list) => sum + new Set(list).size, 0);

    // The bot says what it wishes for, and is down again when things happen.
    const first = await startListener();
    first.signal('SIGKILL');
    await fleet.startWorkers(2);
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl: fleet.redisUrl });
    const send = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, index) => {
          const number = from + index;
          return bot.awardBadge(1 + (number % USERS), { badgeType: `b-${number}` }, { key: `upd-${number}` });
        }),
      );
    const THIRD = UNITS / 3;
    await send(0, THIRD);
    for (let round = 1; round <= 3; round++) {
      const [schedule, listener] = await Promise.all([startSchedule(), startListener()]);
      const before = await arrived();
      await until(async () => (await arrived()) > before, { everyMs: 1, what: 'events arrive', timeoutMs: 30_000 });
      for (const process of [listener, schedule, fleet.workers[round - 1]]) process?.signal('SIGKILL');
      await Promise.all([listener.exited, schedule.exited]);
      if (round < 3) {
        await fleet.startWorkers(1);
        await send(round * THIRD, (round + 1) * THIRD);
      }
    }
    await bot.close();
    await fleet.startWorkers(1);
    await Promise.all([startSchedule(), startListener(), startListener()]);
    await until(async () => (await arrived()) === UNITS, { timeoutMs: 90_000, what: 'all have arrived' });

    const rows = await fleet.database.sequelize.query<{ user: number; badges: string[] }>(
      `SELECT u.telegram_id AS user, json_agg(o.payload ->> 'badgeType' ORDER BY o.id) AS badges
         FROM outbox o JOIN users u ON u.id = o.user_id GROUP BY u.telegram_id ORDER BY u.telegram_id`,
      { type: QueryTypes.SELECT },
    );
    const handled = (await seen()).map((list) => list.filter((badge, index) => badge !== list[index - 1]));
    expect(handled).to.deep.equal(rows.map(({ badges }) => badges));
    expect(await queue.queue.getFailedCount()).to.equal(0);
  });
});
