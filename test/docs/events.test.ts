import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { eventPayloads, eventTypes } from '../../src/domain/events.js';
import { addDays } from '../../src/domain/time.js';
import type { BotLedger } from '../../src/index.js';
import { UserBadge } from '../../src/models/index.js';
import { remindExpiring } from '../../src/schedule/remind-expiring.js';
import { insertSubscription, insertUser } from '../factories.js';
import { startWorker } from '../helpers/commit-worker.js';
import { type EventFleet, startEventFleet } from '../helpers/events.js';
import { until } from '../helpers/until.js';
import { tables } from './markdown.js';
import { root, runExample } from './programs.js';

const document = readFileSync(`${root}docs/events.md`, 'utf8');

describe('docs/events.md', () => {
  let fleet: EventFleet;
  let ledger: BotLedger;
  const sent: [number, string][] = [];
  const bot = { api: { sendMessage: async (chat: number, text: string) => void sent.push([chat, text]) } };
  const example = (name: string, given: object = {}) => runExample(name, { ledger, bot, ...given }, document);

  beforeEach(async () => {
    fleet = await startEventFleet();
    ledger = fleet.open();
    sent.length = 0;
    const worker = await startWorker(fleet.database, fleet.redisUrl);
    const relay = fleet.startRelay();
    const { close } = fleet;
    fleet.close = async () => {
      await relay.close();
      await worker.close();
      await close();
    };
  });
  afterEach(() => fleet.close());

  it('names every event with its payload', () => {
    const [table] = tables(document);
    const named = table?.rows.map(([type = '', payload = '']) => [
      type.replaceAll('`', ''),
      payload.replaceAll('`', '').split(', ').sort(),
    ]);
    expect(named).to.deep.equal(eventTypes.map((type) => [type, Object.keys(eventPayloads[type].shape).sort()]));
  });

  it('shows how to listen', async () => {
    await example('listen');
    await ledger.addXp(123_456, { xp: 150 });
    await until(() => sent.length === 1, { what: 'the user is told of the level' });

    const user = await insertUser(fleet.database);
    await insertSubscription(fleet.database, user, { endDate: addDays(new Date(), 2) });
    await remindExpiring({ database: fleet.database, config: { remindDays: [3, 1] } });
    await until(() => sent.length === 2, { what: 'the user is told of the end' });
    expect(sent).to.deep.equal([
      [123_456, 'Level 2!'],
      [user.telegramId, 'Your subscription ends in 3 days.'],
    ]);
  });

  it('shows how to hear of other bots', async () => {
    const printed = await example('listen to all');
    await fleet.open('quiz_bot').awardBadge(123_456, { badgeType: 'guru' });
    await until(() => printed.length > 0);
    expect(printed).to.deep.equal(['123456 earned guru in quiz_bot']);
  });

  it('shows how to write once, and how to stop', async () => {
    await example('write once');
    const payment = { provider: 'yookassa', paymentId: 'p-1', amount: '990', tariff: 'month' };
    await ledger.recordPayment(123_456, { ...payment, status: 'COMPLETED' });
    const badges = fleet.database.sequelize.getRepository(UserBadge);
    await until(async () => (await badges.count({ where: { badgeType: 'supporter' } })) === 1);
    await example('stop listening');
    expect(await fleet.redis.exists('botledger:event-wishes')).to.equal(0);
  });
});
