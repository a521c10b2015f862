import { expect } from 'chai';
import { Committer } from '../../src/commit/committer.js';
import { type EventType, eventPayloads } from '../../src/domain/events.js';
import { OutboxEvent } from '../../src/models/index.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const ANN = 1;
const BOB = 2;

const badge = (telegramId: number, badgeType: string, rest = {}) =>
  unitOf({ name: 'awardBadge', telegramId, badgeType }, rest);
const payment = (status: string) =>
  unitOf({
    name: 'recordPayment',
    telegramId: ANN,
    provider: 'yookassa',
    paymentId: 'p-1',
    amount: '990',
    status,
    tariff: 'month',
  });

for (const variant of variants) {
  describe(`the outbox on ${variant.name}`, () => {
    const on = eachOn(variant);
    const outbox = async () => {
      const rows = await on.database.sequelize.getRepository(OutboxEvent).findAll({ order: ['id'] });
      for (const { type, payload } of rows) eventPayloads[type as EventType].parse(payload);
      return rows;
    };
    const badges = async () => (await outbox()).map(({ payload }) => (payload as { badgeType: string }).badgeType);

    it('holds what a unit caused, with its bot and its time, and who commits is told', async () => {
      let news = 0;
      const committer = new Committer(on.database, { onEvents: () => news++ });
      await committer.commit([unit(), unitOf({ name: 'touchUser', telegramId: BOB })]);
      expect([await outbox(), news]).to.deep.equal([[], 0]);

      await committer.commit([badge(ANN, 'guru', { bot: 'quiz_bot' }), unit()]);
      const [user] = await on.users();
      expect((await outbox()).map((row) => row.get())).to.deep.equal([
        {
          id: 1,
          userId: user?.id,
          botName: 'quiz_bot',
          type: 'badge.awarded',
          payload: { badgeType: 'guru' },
          createdAt: new Date(Date.UTC(2026, 0, 15)),
          deliveredAt: null,
        },
      ]);
      expect(news).to.equal(1);
    });

    it('names the subscription that was made in the same batch', async () => {
      const [completed] = await new Committer(on.database).commit([payment('COMPLETED'), payment('REFUNDED')]);
      const { subscriptionId } = JSON.parse(JSON.stringify(completed)).outcomes[0];
      expect((await outbox()).map(({ type, payload }) => [type, payload])).to.deep.equal(
        ['payment.completed', 'payment.refunded'].map((type) => [
          type,
          {
            provider: 'yookassa',
            paymentId: 'p-1',
            amount: '990.00',
            currency: 'RUB',
            tariff: 'month',
            subscriptionId,
          },
        ]),
      );
      expect(subscriptionId).to.be.a('number');
    });

    it('holds nothing of a unit that failed, and of one that came twice once', async () => {
      const committer = new Committer(on.database);
      const good = badge(ANN, 'good');
      const xp = unitOf({ name: 'addXp', telegramId: ANN, xp: 1 });
      const thrower = { ...xp.operations[0], operation: { ...xp.operations[0]?.operation, apply: fail } };
      const bad = { ...xp, key: 'bad', operations: [...badge(ANN, 'bad').operations, thrower] } as never;
      const results = await committer.commit([good, bad, good]);
      expect(results.map(({ status }) => status)).to.deep.equal(['applied', 'failed', 'applied']);
      await committer.commit([good]);
      expect(await badges()).to.deep.equal(['good']);
    });

    it('keeps the order of each user', async () => {
      const units = Array.from({ length: 60 }, (_, number) => badge(1 + (number % 3), `b-${number}`));
      const committers = [new Committer(on.database), new Committer(on.database)];
      for (let done = 0; done < units.length; done += 20) {
        await committers[(done / 20) % 2]?.commit(units.slice(done, done + 20));
      }
      const users = await on.users();
      for (const [index, { id }] of users.entries()) {
        const own = (await outbox()).filter(({ userId }) => userId === id).map(({ payload }) => payload);
        expect(own).to.deep.equal(
          Array.from({ length: 20 }, (_, number) => ({ badgeType: `b-${3 * number + index}` })),
        );
      }
    });

    it('holds nothing of a user who was deleted, and all of the others', async () => {
      const committer = new Committer(on.database);
      await committer.commit([badge(ANN, 'hers'), badge(BOB, 'his')]);
      await committer.commit([unitOf({ name: 'deleteUser', telegramId: ANN })]);
      await committer.commit([badge(ANN, 'late')]);
      expect(await badges()).to.deep.equal(['his']);
    });
  });
}

const fail = () => {
  throw new Error('the rule throws');
};
