import { expect } from 'chai';
import {
  IdempotencyConflictError,
  OperationFailedError,
  ResultTimeoutError,
  UserDeletedError,
  ValidationError,
} from '../../src/index.js';
import { unitJobOptions } from '../../src/queue.js';
import { insertSubscription, insertUser } from '../factories.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("A receipt's result", () => {
  let bot: TestBot;
  beforeEach(async () => {
    bot = await startBot();
  });
  afterEach(() => bot.close());

  it('is the outcome of the operation', async () => {
    await bot.startWorker();
    const { ledger } = bot;
    expect(await (await ledger.touchUser(7, { username: 'ann' })).result()).to.deep.equal({ created: true });
    expect(await (await ledger.addXp(7, { xp: 150 })).result()).to.include({ leveledUp: true, totalXp: 150 });
    expect(await (await ledger.setLevel(7, { level: 9 })).result()).to.deep.equal({ oldLevel: 2, newLevel: 9 });
    expect(await (await ledger.addScore(7, { score: 5 })).result()).to.deep.equal({ totalScore: 5 });
    expect(await (await ledger.incrementTrainings(7)).result()).to.deep.equal({ totalTrainings: 1 });
    expect(await (await ledger.saveSession(7, { session: {} })).result()).to.deep.equal({ saved: true });
    expect(await (await ledger.resetSession(7)).result()).to.deep.equal({ saved: true });
    const badge = await (await ledger.awardBadge(7, { badgeType: 'guru' })).result();
    expect(badge).to.include({ awarded: true });
    expect(badge.earnedAt, 'moments are ISO text').to.match(ISO_8601);
    const month = await (await ledger.createSubscription(7, { type: 'MONTH' })).result();
    expect(month.subscriptionId).to.be.a('number');
    expect(month.endDate).to.match(ISO_8601);
    const trainings = await (await ledger.addFreeTrainings(7, { count: 3, source: 'ADMIN' })).result();
    expect(trainings).to.deep.equal({ added: true, trainingsLeft: 3 });
    const access = await (await ledger.consumeAccess(7)).result();
    expect(access).to.deep.equal({ granted: true, accessType: 'subscription', left: null });
  });

  it('is a value also when it is a refusal', async () => {
    await bot.startWorker();
    const access = await (await bot.ledger.consumeAccess(7)).result();
    expect(access).to.deep.equal({ granted: false, accessType: null, left: 0 });
  });

  it('of a unit is the outcomes in the order of its operations', async () => {
    await bot.startWorker();
    const receipt = await bot.ledger.unit({}, (unit) => {
      unit.addXp(7, { xp: 5 });
      unit.addScore(7, { score: 6 });
      unit.addXp(7, { xp: 7 });
    });
    expect(await receipt.result()).to.deep.equal([
      { leveledUp: false, oldLevel: 1, newLevel: 1, totalXp: 5 },
      { totalScore: 6 },
      { leveledUp: false, oldLevel: 1, newLevel: 1, totalXp: 12 },
    ]);
  });

  it('is its own, for each of many that went in packs', async () => {
    await bot.startWorker();
    const receipts = await Promise.all(
      Array.from({ length: 200 }, (_, number) => bot.ledger.addXp(number, { xp: number })),
    );
    const outcomes = await Promise.all(receipts.map((receipt) => receipt.result()));
    expect(outcomes.map(({ totalXp }) => totalXp)).to.deep.equal(receipts.map((_, number) => number));
  });

  it('can be asked for again', async () => {
    await bot.startWorker();
    const receipt = await bot.ledger.addXp(7, { xp: 5 });
    expect(await receipt.result()).to.deep.equal(await receipt.result());
  });

  it('is the same for every send under one key', async () => {
    await bot.startWorker();
    const first = await (await bot.ledger.addXp(7, { xp: 5 }, { key: 'upd-1' })).result();
    await (await bot.ledger.addXp(7, { xp: 100 })).result();
    expect(await (await bot.ledger.addXp(7, { xp: 5 }, { key: 'upd-1' })).result()).to.deep.equal(first);
  });

  it('that does not come in time is a ResultTimeoutError; asked again, it comes', async () => {
    const receipt = await bot.ledger.addXp(7, { xp: 5 }, { key: 'upd-1' });
    const start = performance.now();
    const error = await rejection(receipt.result({ timeoutMs: 200 }));
    expect(performance.now() - start).to.be.within(150, 1_000);
    expect(error).to.be.instanceOf(ResultTimeoutError).and.include({ key: 'upd-1', timeoutMs: 200 });

    await bot.startWorker();
    expect(await receipt.result()).to.include({ totalXp: 5 });
  });

  it('is an IdempotencyConflictError when the key was used for something else', async () => {
    await bot.startWorker();
    await (await bot.ledger.addXp(7, { xp: 5 }, { key: 'upd-1' })).result();
    const error = await rejection((await bot.ledger.addXp(7, { xp: 6 }, { key: 'upd-1' })).result());
    expect(error).to.be.instanceOf(IdempotencyConflictError).and.include({ key: 'upd-1' });
  });

  it('is a ValidationError when a worker finds the unit invalid, e.g. with a smaller size limit', async () => {
    await bot.startWorker();
    const generous = bot.open({ maxUnitBytes: 10_000_000 });
    const receipt = await generous.saveSession(7, { session: { a: 'x'.repeat(300_000) } });
    const error = await rejection(receipt.result());
    expect(error).to.be.instanceOf(ValidationError);
    expect((error as ValidationError).problems).to.have.lengthOf(1);
    expect(error.message).to.match(/^operations: \d+ bytes of JSON, but a unit may have 262144: store less/);
  });

  it('is a UserDeletedError when the unit came after the deletion of its user, of one operation or of several', async () => {
    await bot.startWorker();
    const { ledger } = bot;
    const earlier = Date.now() - 60_000;
    expect(await (await ledger.deleteUser(7)).result()).to.deep.equal({ deleted: false });
    const late = await ledger.addXp(7, { xp: 5 }, { key: 'upd-1', at: earlier });
    const error = await rejection(late.result());
    expect(error).to.be.instanceOf(UserDeletedError).and.include({ key: 'upd-1', code: 'user-deleted' });
    const shared = await ledger.unit({ at: earlier }, (unit) => {
      unit.addXp(8, { xp: 5 });
      unit.addXp(7, { xp: 5 });
    });
    expect(await rejection(shared.result())).to.be.instanceOf(UserDeletedError);
  });

  it('of a pack is an error for the bad units alone', async () => {
    await bot.startWorker();
    await (await bot.ledger.addXp(7, { xp: 1 }, { key: 'used' })).result();
    const receipts = await bot.ledger.enqueueMany([
      { build: (unit) => unit.addXp(7, { xp: 10 }) },
      { key: 'used', build: (unit) => unit.addXp(7, { xp: 100 }) },
      { build: (unit) => unit.addXp(7, { xp: 1_000 }) },
    ]);
    const [first, second, third] = await Promise.allSettled(receipts.map((receipt) => receipt.result()));
    expect(first).to.have.nested.property('value[0].totalXp', 11);
    expect(second).to.have.property('reason').that.is.instanceOf(IdempotencyConflictError);
    expect(third).to.have.nested.property('value[0].totalXp', 1_011);
  });
});

describe('A unit that fails for good', () => {
  let bot: TestBot;
  const { attempts } = unitJobOptions;
  before(() => Object.assign(unitJobOptions, { attempts: 1 }));
  after(() => Object.assign(unitJobOptions, { attempts }));
  beforeEach(async () => {
    bot = await startBot();
    await bot.startWorker();
  });
  afterEach(() => bot.close());

  it('is an OperationFailedError with its reason, and comes out once a person has mended it', async () => {
    const { database } = bot.fresh;
    const user = await insertUser(database, { telegramId: 7 });
    const subscription = await insertSubscription(database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
    const receipt = await bot.ledger.createSubscription(7, { type: 'YEAR' }, { key: 'upd-1' });
    const error = await rejection(receipt.result());
    expect(error).to.be.instanceOf(OperationFailedError).and.include({ key: 'upd-1' });
    expect(error.message).to.match(/^The unit "upd-1" failed: UnitFailedError: createSubscription: RangeError: .*9999/);

    await subscription.update({ endDate: new Date('2026-01-01T00:00:00Z') });
    const [failed] = await bot.jobs.queue.getFailed();
    await failed?.retry();
    const outcome = await until(() => receipt.result().catch(() => undefined));
    expect(outcome.subscriptionId).to.be.a('number');
  });
});
