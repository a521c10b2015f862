import { expect } from 'chai';
import { Batcher, type BatchLimits, InterruptedError } from '../../src/commit/batcher.js';
import { Committer } from '../../src/commit/committer.js';
import { DatabaseWatch } from '../../src/commit/database-watch.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import { Database } from '../../src/database.js';
import { freePort } from '../../src/embedded/port.js';
import { closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { unstorable } from '../helpers/fake-operations.js';
import { rejection } from '../helpers/rejection.js';
import { unitOf } from '../helpers/units.js';
import { until } from '../helpers/until.js';
import { CountingDatabase, eachOn, variants } from '../helpers/variants.js';

const logger = createLogger('test', 'silent');
const unwatched = { isUp: true, lost: () => undefined, worked: () => undefined };
const addXp = (telegramId: number): CheckedUnit => unitOf({ name: 'addXp', telegramId, xp: 1 });

/** The users of each batch; a batch commits once it is let go. */
class HeldCommitter extends Committer {
  readonly batches: number[][] = [];
  #letGo: () => void = () => undefined;
  #held = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  letGo(): void {
    this.#letGo();
  }

  override async commit(units: readonly CheckedUnit[]): Promise<UnitResult[]> {
    this.batches.push(units.map(({ operations }) => operations[0]?.telegramId ?? 0));
    await this.#held;
    return super.commit(units);
  }
}

describe('The batcher', () => {
  const on = eachOn(variants[2]);

  it('sets a batch aside when too much of it is refused, and commits what comes meanwhile in between', async () => {
    const database = on.open(CountingDatabase);
    const batcher = new Batcher(new Committer(database), { maxUnits: 1_000, maxBytes: 1_000_000 }, unwatched);
    const settled: string[] = [];
    const submit = async (unit: CheckedUnit) => {
      const [result] = await batcher.submit([unit]);
      settled.push(result?.status ?? '');
    };
    // Half of 150 units: more than the search of a large batch finds.
    const crowd = Array.from({ length: 150 }, (_, index) => submit(index % 2 ? unstorable() : addXp(1 + (index % 10))));
    await until(() => database.transactions > 1);
    const late = submit(addXp(99)).then(() => settled.length);
    await Promise.all(crowd);

    expect(await late).to.be.below(150);
    expect(settled.filter((status) => status === 'failed')).to.have.lengthOf(75);
    expect((await on.users()).reduce((sum, { totalXp }) => sum + totalXp, 0)).to.equal(76);
    // The search of all, and then two for each.
    expect(database.transactions).to.be.below(2 * 150 + 2 * 150);
  });

  it('keeps what failed before apart from the rest', async () => {
    const { committer, batcher, submit } = start();
    const first = submit(1);
    await until(() => committer.batches.length === 1);
    const others = [submit(2), batcher.submit([addXp(3)], true), submit(4), batcher.submit([addXp(5)], true)];
    committer.letGo();
    await Promise.all([first, ...others]);
    expect(committer.batches).to.deep.equal([[1], [3, 5], [2, 4]]);
  });

  function start({ maxUnits = 100, maxBytes = 1_000_000 }: Partial<BatchLimits> = {}, jobs = { moving: 0 }) {
    const committer = new HeldCommitter(on.database);
    const batcher = new Batcher(committer, { maxUnits, maxBytes }, unwatched, undefined, jobs);
    const submit = async (...users: number[]) =>
      (await Promise.all(users.map((user) => batcher.submit([addXp(user)])))).flat();
    return { committer, batcher, submit };
  }

  it('hands a lone unit to an idle committer at once: no timer, no turn of the event loop', async () => {
    const { committer, submit } = start();
    const submitted = submit(1);
    await new Promise<void>(queueMicrotask);
    expect(committer.batches).to.deep.equal([[1]]);
    committer.letGo();
    expect(await submitted).to.have.nested.property('[0].status', 'applied');
  });

  it('takes units that arrive together, as those of a pack do, as one batch', async () => {
    const { committer, submit } = start();
    committer.letGo();
    await submit(1, 2, 3);
    expect(committer.batches).to.deep.equal([[1, 2, 3]]);
  });

  it('gathers what arrives during a commit into the next batch, in order', async () => {
    const { committer, submit } = start();
    const first = submit(1);
    await until(() => committer.batches.length === 1);
    const others = [submit(5), submit(3, 4), submit(2)];
    committer.letGo();
    await Promise.all([first, ...others]);
    expect(committer.batches).to.deep.equal([[1], [5, 3, 4, 2]]);
  });

  it('begins none while more jobs are about to come than wait', async () => {
    const jobs = { moving: 5 };
    const { committer, batcher, submit } = start({}, jobs);
    committer.letGo();
    const submitted = [submit(1), submit(2)];
    await new Promise<void>(setImmediate);
    expect(committer.batches, 'two wait, three are to come').to.deep.equal([]);
    submitted.push(submit(3));
    await submitted[2];
    expect(committer.batches).to.deep.equal([[1, 2, 3]]);

    submitted.push(submit(4));
    await new Promise<void>(setImmediate);
    expect(committer.batches, 'one waits, four are to come').to.have.lengthOf(1);
    jobs.moving = 1;
    batcher.start();
    await Promise.all(submitted);
    expect(committer.batches).to.deep.equal([[1, 2, 3], [4]]);
  });

  it('is at rest again afterwards', async () => {
    const { committer, submit } = start();
    committer.letGo();
    for (const user of [1, 2, 3]) await submit(user);
    expect(committer.batches).to.deep.equal([[1], [2], [3]]);
  });

  it('lets no batch have more units than the limit', async () => {
    const { committer, submit } = start({ maxUnits: 3 });
    committer.letGo();
    await submit(1, 2, 3, 4, 5, 6, 7);
    expect(committer.batches).to.deep.equal([[1, 2, 3], [4, 5, 6], [7]]);
  });

  it('counts a unit as often as it has operations, because each of them touches rows', async () => {
    const { committer, batcher, submit } = start({ maxUnits: 3 });
    const first = submit(1);
    await until(() => committer.batches.length === 1);
    const operations = [addXp(2), addXp(2)].flatMap((one) => one.operations);
    const others = [batcher.submit([{ ...addXp(2), operations }]), submit(3), submit(4)];
    committer.letGo();
    await Promise.all([first, ...others]);
    expect(committer.batches).to.deep.equal([[1], [2, 3], [4]]);
  });

  it('never cuts a job in two: its units are in one batch, even if they are more than the limit', async () => {
    const { committer, batcher } = start({ maxUnits: 3 });
    committer.letGo();
    const jobs = [[1, 2], [3, 4], [5, 6, 7, 8], [9]].map((users) => batcher.submit(users.map(addXp)));
    await Promise.all(jobs);
    expect(committer.batches).to.deep.equal([[1, 2], [3, 4], [5, 6, 7, 8], [9]]);
  });

  it('lets no batch have more bytes than the limit, but for a unit that is larger by itself', async () => {
    const { bytes } = addXp(1);
    const exact = start({ maxBytes: bytes * 2 });
    exact.committer.letGo();
    await exact.submit(1, 2, 3, 4, 5);
    expect(exact.committer.batches).to.deep.equal([[1, 2], [3, 4], [5]]);

    const tiny = start({ maxBytes: 1 });
    tiny.committer.letGo();
    await tiny.submit(1, 2);
    expect(tiny.committer.batches).to.deep.equal([[1], [2]]);
  });

  it('gives each unit its own result', async () => {
    const { committer, submit } = start({ maxUnits: 2 });
    committer.letGo();
    await submit(1);
    const results = await submit(1, 2, 1);
    const totals = results.map(
      (result) => result.status === 'applied' && (result.outcomes[0] as { totalXp: number }).totalXp,
    );
    expect(totals).to.deep.equal([2, 1, 3]);
  });

  it('goes on after a batch that failed in a way nobody foresaw', async () => {
    const committer = new HeldCommitter(on.database);
    const batcher = new Batcher(committer, { maxUnits: 1, maxBytes: 1_000_000 }, unwatched);
    committer.letGo();
    const broken = { ...addXp(1), operations: [undefined as never] };
    const [first, second] = await Promise.allSettled([batcher.submit([broken]), batcher.submit([addXp(2)])]);
    expect([first?.status, second?.status]).to.deep.equal(['rejected', 'fulfilled']);
  });
});

describe('While the database is away, the batcher', () => {
  const limits = { maxUnits: 2, maxBytes: 1_000_000 };
  let away: Database;
  let watch: DatabaseWatch;
  beforeEach(async () => {
    away = new Database({ url: `postgres://postgres@127.0.0.1:${await freePort()}/nowhere` });
    watch = new DatabaseWatch(away, logger);
  });
  afterEach(() => closeAll([away, watch]));

  it('hands back everything, the last first, as BullMQ puts each before what waits', async () => {
    const batcher = new Batcher(new Committer(away), limits, watch);
    const back: number[] = [];
    const submitted = [1, 2, 3, 4, 5].map(async (user) => {
      expect(await rejection(batcher.submit([addXp(user)]))).to.be.instanceOf(InterruptedError);
      back.push(user);
    });
    await Promise.all(submitted);
    expect(back).to.deep.equal([5, 4, 3, 2, 1]);
    expect(watch.isUp).to.equal(false);
  });

  it('asks it for nothing: what comes is handed back at once', async () => {
    const committer = new HeldCommitter(away);
    const batcher = new Batcher(committer, limits, watch);
    watch.lost(new Error('away'));
    expect(await rejection(batcher.submit([addXp(6)]))).to.be.instanceOf(InterruptedError);
    expect(committer.batches).to.deep.equal([]);
  });
});
