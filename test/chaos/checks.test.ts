import { expect } from 'chai';
import { checks, findViolations } from '../../chaos/checks.js';
import { type Facts, type Journals, noJournals, readFacts } from '../../chaos/facts.js';
import { sendUnit } from '../../chaos/send.js';
import { bots, forgery, isDoomed, operationsOf } from '../../chaos/work.js';
import type { BotLedger } from '../../src/index.js';
import { closeAll } from '../../src/lifecycle.js';
import { startWorker } from '../helpers/commit-worker.js';
import { type EventFleet, startEventFleet } from '../helpers/events.js';
import { until } from '../helpers/until.js';

const SEED = 5;
const UNITS = 600;

/** What has to be done to the facts of a good run for each check to find something. */
const damage: Record<keyof typeof checks, (facts: Facts) => void> = {
  'every acknowledged unit is in the ledger': ({ ledger }) => remove(ledger, () => true),
  'nothing is in the ledger that nobody sent': ({ ledger }) => ledger.push({ bot: 'x', key: 'y', outcomes: [] }),
  'every outcome that a bot was told is the one in the ledger': ({ outcomes }) => first(outcomes).outcomes.push({}),
  'other content under a used key is refused': ({ failed }) => failed.splice(0),
  'no job failed besides': ({ failed }) => (first(failed).reason = 'Error: something else'),
  'no job is left': ({ unfinished }) => unfinished.push({ queue: 'botledger', state: 'active', jobs: 1 }),
  'no transaction is left open, and nobody waits for a lock': ({ locks }) => locks.push('connection 1'),
  'XP, level, trainings and score are the sums of what was applied': ({ users }) => (livingUser(users).totalXp += 1),
  'the XP outcomes of a user follow one another': (facts) => (outcomeOf(facts, 'addXp').totalXp += 1),
  'a badge is awarded once per user and bot': ({ badges }) => badges.push(first(badges)),
  'the last session of a user in a bot is the latest that it made': ({ sessions }) =>
    (first(sessions.filter(({ session }) => 'step' in session)).session = { step: 0 }),
  'the stats of a bot count its trainings': ({ sessions }) =>
    (first(sessions.filter(({ stats }) => 'total_trainings' in stats)).stats = { total_trainings: 99 }),
  'a hot session is the one in the database, or none': ({ hot }) =>
    (first(hot).fields['session:spin_bot'] = '{"step":0}'),
  'credits are used as the outcomes say': ({ subscriptions }) =>
    (first(subscriptions.filter(({ isActive, type }) => isActive && type === 'CREDITS')).creditsLeft = -1),
  'free trainings are used as the outcomes say': ({ freeTrainings }) => (first(freeTrainings).left += 1),
  'a paid month is thirty days more': ({ subscriptions }) =>
    (first(subscriptions.filter(({ isActive, type }) => isActive && type === 'MONTH')).endDate = 0),
  'a payment is recorded once': ({ payments }) => payments.push(first(payments)),
  'a promocode is redeemed as often as it says, and no more often than it may be': ({ promocodes }) =>
    (first(promocodes).currentUses += 1),
  'every event of what was applied is delivered': ({ outbox }) => (first(outbox).delivered = false),
  'a bot is told of each of its badges, those of one user in order': ({ told }) => told.splice(0),
  'of a deleted user nothing is left': ({ tombstones }) => tombstones.splice(0),
};

describe('What chaos checks', () => {
  let fleet: EventFleet;
  let good: Facts;

  before(async function () {
    this.timeout(60_000);
    fleet = await startEventFleet('postgres');
    const journals = noJournals();
    const worker = await startWorker(fleet.database, fleet.redisUrl);
    fleet.startRelay();
    await Promise.all(bots.map((bot) => work(fleet.open(bot), bot, journals)));
    const read = () => readFacts(journals, fleet.url, fleet.redisUrl);
    good = await until(async () => {
      const facts = await read();
      return findViolations(facts).length === 0 ? facts : undefined;
    });
    await closeAll([worker]);
  });
  after(() => fleet.close());

  it('finds nothing wrong with a good run', () => {
    expect(findViolations(good)).to.deep.equal([]);
    expect(good.ledger).to.have.lengthOf.above(UNITS);
  });

  for (const [rule, spoil] of Object.entries(damage)) {
    it(`sees whether ${rule}`, () => {
      const facts = structuredClone(good);
      spoil(facts);
      expect(findViolations(facts).join('\n')).to.include(`${rule}: `);
    });
  }

  it('each check is tried here', () => {
    expect(Object.keys(damage)).to.deep.equal(Object.keys(checks));
  });
});

/** Sends some units and a forgery, and notes what a producer would. */
async function work(ledger: BotLedger, bot: (typeof bots)[number], journals: Journals): Promise<void> {
  await ledger.onEvent('badge.awarded', ({ id, telegramId }) => journals.told.push({ bot, id, telegramId }));
  const send = async (number: number) => {
    const key = `upd-${number}`;
    const intent = { bot, key, at: 1_700_000_000_000 + number, operations: operationsOf(SEED, bot, number) };
    journals.intents.set(`${bot} ${key}`, intent);
    const receipt = await sendUnit(ledger, intent);
    journals.acknowledged.add(`${bot} ${key}`);
    return { id: `${bot} ${key}`, intent, receipt };
  };
  const sent = await Promise.all(Array.from({ length: UNITS }, (_, index) => send(index + 1)));
  const last = sent.findLast(({ intent }) => !isDoomed(intent.operations[0]?.telegramId ?? 0));
  if (!last) throw new Error('no unit is about a user who stays');
  const { id, intent, receipt } = last;
  journals.outcomes.push({ id, outcomes: await receipt.result() });
  journals.forgeries.add(id);
  const forged = await sendUnit(ledger, { ...intent, operations: forgery(1) });
  journals.forged.add(id);
  await forged.result().catch(() => undefined);
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (!item) throw new Error('the run holds nothing of that kind: choose another seed');
  return item;
}

const livingUser = (users: Facts['users']) => first(users.filter(({ telegramId }) => !isDoomed(telegramId)));

const remove = <T>(items: T[], wanted: (item: T) => boolean) => items.splice(items.findIndex(wanted), 1);

function outcomeOf({ ledger, intents }: Facts, name: string): { totalXp: number } {
  const unit = ledger.find(({ bot, key }) => {
    const [operation] = intents.get(`${bot} ${key}`)?.operations ?? [];
    return operation?.name === name && !isDoomed(operation.telegramId ?? 0);
  });
  return first(unit?.outcomes ?? []) as { totalXp: number };
}
