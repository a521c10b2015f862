import { setTimeout as pause } from 'node:timers/promises';
import { Op } from 'sequelize';
import { ulid } from 'ulid';
import type { Database } from '../../database.js';
import type { BotLedger } from '../../index.js';
import { IdempotencyKey } from '../../models/index.js';
import { burstUsers, expectedSums, type Sums, sendWrite } from './writes.js';

/** What a burst did, as the ledger and the API tell it. */
export interface BurstResult {
  /** Distinct writes. */
  writes: number;
  /** How many of them were sent a second time under the same key. */
  resent: number;
  /** Rows that they left in the ledger. */
  applied: number;
  enqueueSeconds: number;
  /** From the first enqueued to the last committed. */
  seconds: number;
  expected: Sums;
  gained: Sums;
}

/** Sent and not yet taken by Redis, for each bot. */
const IN_FLIGHT = 200;

/** Telegram resends an update whose answer is slow: every tenth write is sent twice. */
const RESENT_EVERY = 10;

const PATIENCE_MS = 60_000;

/**
 * Sends many mixed writes by several bots at once and waits until none of them is missing in the ledger.
 *
 * @param onProgress is told how many the ledger holds
 * @throws Error when they are not all applied and none has been added for a minute
 */
export async function sendBurst(
  bots: readonly BotLedger[],
  database: Database,
  writes: number,
  onProgress: (applied: number) => void,
): Promise<BurstResult> {
  const run = ulid();
  const before = await sums(bots[0] as BotLedger);
  const started = performance.now();
  const secondsSoFar = () => (performance.now() - started) / 1000;

  let enqueueSeconds = 0;
  const sending = Promise.all(bots.map((bot, index) => sendShare(bot, index, bots.length, writes, run))).then(() => {
    enqueueSeconds = secondsSoFar();
  });
  const [applied] = await Promise.all([untilApplied(database, run, writes, onProgress), sending]);
  const seconds = secondsSoFar();

  const after = await sums(bots[0] as BotLedger);
  return {
    writes,
    resent: Math.ceil(writes / RESENT_EVERY),
    applied,
    enqueueSeconds,
    seconds,
    expected: expectedSums(writes),
    gained: {
      xp: after.xp - before.xp,
      score: after.score - before.score,
      trainings: after.trainings - before.trainings,
    },
  };
}

async function sendShare(bot: BotLedger, index: number, of: number, writes: number, run: string): Promise<void> {
  let next = index;
  const sendOneByOne = async () => {
    while (next < writes) {
      const number = next;
      next += of;
      await sendWrite(bot, number, `${run}-${number}`);
      if (number % RESENT_EVERY === 0) await sendWrite(bot, number, `${run}-${number}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sendOneByOne));
}

/** Read over the API, as a bot sees it. */
async function sums(bot: BotLedger): Promise<Sums> {
  const users = await Promise.all(burstUsers.map((id) => bot.getUser(id)));
  return users.reduce<Sums>(
    (total, read) => ({
      xp: total.xp + (read?.totalXp ?? 0),
      score: total.score + (read?.totalScore ?? 0),
      trainings: total.trainings + (read?.totalTrainings ?? 0),
    }),
    { xp: 0, score: 0, trainings: 0 },
  );
}

async function untilApplied(
  { sequelize }: Database,
  run: string,
  writes: number,
  onProgress: (applied: number) => void,
): Promise<number> {
  // "~" sorts after every digit, so this is "begins with the run's id", by the primary key.
  const where = { botName: { [Op.in]: ['spin_bot', 'quiz_bot'] }, key: { [Op.between]: [`${run}-`, `${run}-~`] } };
  const ledger = sequelize.getRepository(IdempotencyKey);
  let applied = 0;
  let lastNews = Date.now();
  while (applied < writes) {
    const now = await ledger.count({ where });
    if (now > applied) lastNews = Date.now();
    else if (Date.now() - lastNews > PATIENCE_MS) {
      throw new Error(`only ${applied} of ${writes} writes were applied: see the failed jobs in Bull Board`);
    }
    applied = now;
    onProgress(applied);
    await pause(100);
  }
  return applied;
}
