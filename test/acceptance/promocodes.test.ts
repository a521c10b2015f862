import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import { closeAll } from '../../src/lifecycle.js';
import { FreeTraining, Promocode, PromocodeUsage } from '../../src/models/index.js';
import { dialects } from '../helpers/databases.js';
import { type Fleet, startFleet } from './fleet.js';

const USERS = 100;
const MAX_USES = 50;
const CODES = 30;

/** Bots that send at once; each call is a job of its own, so that every worker gets some. */
const BOTS = 20;

for (const dialect of dialects) {
  const workers = dialect === 'postgres' ? 4 : 2;

  describe(`Promocodes with ${workers} workers on ${dialect}`, function () {
    this.timeout(120_000);
    let fleet: Fleet;
    let bots: BotLedger[];
    beforeEach(async () => {
      fleet = await startFleet(dialect);
      bots = Array.from({ length: BOTS }, (_, number) => {
        return new BotLedger({ bot: `bot_${number % 2}`, redisUrl: fleet.redisUrl });
      });
      await fleet.startWorkers(workers);
    });
    afterEach(() => closeAll([fleet, ...bots]));

    const rows = <M extends object>(model: new () => M): Promise<M[]> =>
      fleet.database.sequelize.getRepository(model as never).findAll() as Promise<M[]>;

    /** Sends everything, each in a job of its own, and only then lets the workers at it, all at the same time. */
    async function allAtOnce<T>(sends: ((bot: BotLedger) => Promise<{ result(options: object): Promise<T> }>)[]) {
      await fleet.queue.pause();
      const receipts = await Promise.all(
        bots.map(async (bot, number) => {
          const sent = [];
          for (const send of sends.filter((_, index) => index % BOTS === number)) sent.push(await send(bot));
          return sent;
        }),
      );
      expect(await fleet.queue.getWaitingCount()).to.equal(sends.length);
      await fleet.queue.resume();
      return Promise.all(receipts.flat().map((receipt) => receipt.result({ timeoutMs: 60_000 })));
    }

    it(`are redeemed ${MAX_USES} times when ${USERS} users try twice each, and once by each at most`, async () => {
      const [bot] = bots as [BotLedger];
      const code = { code: 'NEWYEAR2025', type: 'TRAININGS', value: 3, maxUses: MAX_USES } as const;
      expect(await (await bot.createPromocode(code)).result({ timeoutMs: 30_000 })).to.deep.equal({ created: true });

      const tries = Array.from({ length: 2 * USERS }, (_, index) => (each: BotLedger) => {
        return each.redeemPromocode(1 + (index % USERS), { code: index < USERS ? 'newyear2025' : 'NEWYEAR2025' });
      });
      const outcomes = await allAtOnce(tries);

      expect(outcomes).to.have.lengthOf(2 * USERS);
      expect(outcomes.filter(({ redeemed }) => redeemed)).to.have.lengthOf(MAX_USES);
      const refusals = outcomes.flatMap((outcome) => ('reason' in outcome ? outcome.reason : []));
      expect(new Set(refusals)).to.deep.equal(new Set(['already_used', 'exhausted']));
      const [promocode] = await rows(Promocode);
      expect(promocode).to.include({ currentUses: MAX_USES, maxUses: MAX_USES });
      const users = (await rows(PromocodeUsage)).map(({ userId }) => userId);
      expect([users.length, new Set(users).size]).to.deep.equal([MAX_USES, MAX_USES]);
      const trainings = (await rows(FreeTraining)).map(({ userId, trainingsLeft }) => [userId, trainingsLeft]);
      expect(trainings).to.have.deep.members(users.map((userId) => [userId, 3]));
      expect(await fleet.queue.getFailedCount()).to.equal(0);
    });

    it('are created once when several create the same at once, and stay as the first one made them', async () => {
      const creations = Array.from({ length: CODES * 4 }, (_, index) => async (each: BotLedger) => {
        const value = 1 + Math.floor(index / CODES);
        const receipt = await each.createPromocode({ code: `code-${index % CODES}`, type: 'CREDITS', value });
        const result = async (options: object) => ({ index, value, ...(await receipt.result(options)) });
        return { result };
      });
      const created = (await allAtOnce(creations)).filter((outcome) => outcome.created);
      const first = created.map(({ index, value }) => [`CODE-${index % CODES}`, value]);
      expect(first).to.have.lengthOf(CODES);
      const stored = (await rows(Promocode)).map(({ code, value }) => [code, value]);
      expect(stored).to.have.deep.members(first);
      expect(await fleet.queue.getFailedCount()).to.equal(0);
    });
  });
}
