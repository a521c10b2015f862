import { expect } from 'chai';
import type { EventType, Wish } from '../../src/domain/events.js';
import { addWish, tellOfNews } from '../../src/event-queue.js';
import { createLogger } from '../../src/logger.js';
import { OutboxEvent, type User } from '../../src/models/index.js';
import { startRelay } from '../../src/schedule/relay.js';
import { insertEvent, insertUser, NOON } from '../factories.js';
import { dialects } from '../helpers/databases.js';
import { type EventFleet, startEventFleet } from '../helpers/events.js';
import { startRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

for (const dialect of dialects) {
  describe(`the relay on ${dialect}`, () => {
    let fleet: EventFleet;
    let user: User;

    beforeEach(async () => {
      fleet = await startEventFleet(dialect);
      user = await insertUser(fleet.database);
    });
    afterEach(() => fleet.close());

    const wish = (bot = 'spin_bot', type: Wish['type'] = '*', from: Wish['from'] = 'own') =>
      addWish(fleet.redis, bot, { type, from });
    const put = (type: EventType, botName: string | null = 'spin_bot', of = user) =>
      insertEvent(fleet.database, of, { type, botName });
    const undelivered = () =>
      fleet.database.sequelize.getRepository(OutboxEvent).count({ where: { deliveredAt: null } });
    const relayed = () => until(async () => (await undelivered()) === 0, { what: 'all events are handed over' });
    const queued = async (bot?: string) => {
      const jobs = await fleet.queueOf(bot).queue.getJobs(['waiting'], 0, -1, true);
      return jobs.map(({ data }) => data);
    };

    it('hands over what is there, in order, with everything that a bot has to know', async () => {
      await wish();
      const rows = [await put('badge.awarded'), await put('user.leveledUp', null)];
      await put('badge.awarded', 'quiz_bot');
      rows.push(await put('subscription.expired', null));
      fleet.startRelay();
      await relayed();
      const events = await queued();
      expect(events.map(({ id }) => id)).to.deep.equal([rows[0]?.id, rows[2]?.id]);
      expect(events[0]).to.deep.equal({
        id: rows[0]?.id,
        type: 'badge.awarded',
        telegramId: user.telegramId,
        bot: 'spin_bot',
        at: NOON.toISOString(),
        payload: { badgeType: 'spin_master' },
      });
    });

    it('gives each bot what it wishes for', async () => {
      await wish('spin_bot', 'badge.awarded');
      await wish('spin_bot', 'subscription.expired');
      await wish('all_bot', 'badge.awarded', 'all');
      await wish('quiz_bot', 'subscription.expiring');
      await put('badge.awarded', 'spin_bot');
      await put('badge.awarded', 'quiz_bot');
      await put('subscription.expired', null);
      await put('payment.completed', 'spin_bot');
      fleet.startRelay();
      await relayed();
      const types = async (bot: string) => (await queued(bot)).map(({ type, bot: from }) => `${type} ${from}`);
      expect(await types('spin_bot')).to.deep.equal(['badge.awarded spin_bot', 'subscription.expired null']);
      expect(await types('all_bot')).to.deep.equal(['badge.awarded spin_bot', 'badge.awarded quiz_bot']);
      expect(await types('quiz_bot')).to.deep.equal([]);
    });

    it('hands over any number, each once, however many relays run', async () => {
      await wish();
      const rows = Array.from({ length: 1_700 }, () => ({
        userId: user.id,
        botName: 'spin_bot',
        type: 'badge.awarded',
        payload: {},
        createdAt: NOON,
      }));
      const made = await fleet.database.sequelize.getRepository(OutboxEvent).bulkCreate(rows);
      for (let relay = 0; relay < 3; relay++) fleet.startRelay();
      await relayed();
      const ids = (await queued()).map(({ id }) => id);
      expect(ids).to.have.lengthOf(made.length);
      expect(ids).to.deep.equal([...ids].sort((a, b) => a - b));
    });

    it('finds by itself what nobody told it of', async () => {
      await wish();
      fleet.startRelay();
      await until(async () => String(await fleet.redis.client('LIST')).includes('cmd=bzpopmin'));
      await put('badge.awarded');
      await relayed();
      expect(await queued()).to.have.lengthOf(1);
    });

    it('goes on when Redis comes back, and closes at once while it is away', async () => {
      const redis = await startRedis();
      const config = { redisUrl: redis.url };
      const start = () => startRelay({ config, database: fleet.database, logger: createLogger('relay', 'silent') });
      const relay = start();
      await redis.kill();
      await put('badge.awarded');
      await redis.start();
      await relayed();
      await redis.kill();
      const second = start();
      const begin = performance.now();
      await Promise.all([relay.close(), second.close()]);
      expect(performance.now() - begin).to.be.below(1_000);
      await redis.close();
    });
  });
}

describe('the relay beside commits on postgres', () => {
  it('does not miss an event that commits after one with a later id', async () => {
    const fleet = await startEventFleet('postgres');
    try {
      await addWish(fleet.redis, 'spin_bot', { type: '*', from: 'own' });
      const [slow, quick] = [await insertUser(fleet.database), await insertUser(fleet.database)];
      fleet.startRelay();
      const insert = {
        text: `INSERT INTO outbox (user_id, bot_name, type, payload, created_at)
                 VALUES ($1, 'spin_bot', 'badge.awarded', '{}', now()) RETURNING id`,
      };
      const { queue } = fleet.queueOf();
      await fleet.database.transaction(async (session) => {
        await session.query(insert, [slow.id]);
        await insertEvent(fleet.database, quick);
        await tellOfNews(fleet.redis);
        await until(async () => (await queue.getWaitingCount()) === 1, { what: 'the later one is handed over' });
      });
      await tellOfNews(fleet.redis);
      await until(async () => (await queue.getWaitingCount()) === 2, { what: 'the earlier one is handed over' });
      const jobs = await queue.getJobs(['waiting'], 0, -1, true);
      expect(jobs.map(({ data }) => data.id)).to.deep.equal([2, 1]);
    } finally {
      await fleet.close();
    }
  });
});
