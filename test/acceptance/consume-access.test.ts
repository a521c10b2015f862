import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import { Subscription } from '../../src/models/index.js';
import { dialects } from '../helpers/databases.js';
import { type Fleet, startFleet } from './fleet.js';

const USER = 42;

describe('50 concurrent consumeAccess on 20 credits', () => {
  for (const [dialect, workers] of [...dialects.map((name) => [name, name === 'postgres' ? 4 : 2] as const)]) {
    it(`grant exactly 20, with ${workers} workers on ${dialect}`, async function () {
      this.timeout(60_000);
      const fleet = await startFleet(dialect);
      await fleet.startWorkers(workers);
      const bots = ['spin_bot', 'quiz_bot'].map((bot) => new BotLedger({ bot, redisUrl: fleet.redisUrl }));
      await grantCredits(bots[0] as BotLedger);

      const receipts = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (bots[index % 2] as BotLedger).consumeAccess(USER)),
      );
      const outcomes = await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 30_000 })));

      expect(outcomes.filter(({ granted }) => granted)).to.have.length(20);
      expect(await leftInDatabase(fleet)).to.deep.equal([{ creditsLeft: 0, isActive: false }]);
      await Promise.all(bots.map((bot) => bot.close()));
      await fleet.close();
    });
  }
});

async function grantCredits(bot: BotLedger): Promise<void> {
  const receipt = await bot.createSubscription(USER, { type: 'CREDITS', credits: 20 });
  expect(await receipt.result({ timeoutMs: 30_000 })).to.include({ creditsLeft: 20 });
}

async function leftInDatabase({ database }: Fleet): Promise<unknown[]> {
  const rows = await database.sequelize.getRepository(Subscription).findAll();
  return rows.map(({ creditsLeft, isActive }) => ({ creditsLeft, isActive }));
}
