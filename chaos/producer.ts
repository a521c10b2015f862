import { setTimeout as pause } from 'node:timers/promises';
import {
  ApiError,
  BotLedger,
  IdempotencyConflictError,
  QueueUnavailableError,
  ResultTimeoutError,
  UserDeletedError,
} from '../src/index.js';
import type { WireOperation } from '../src/operations/unit.js';
import { type Entry, type Intent, Journal, readJournal } from './journal.js';
import { sendUnit } from './send.js';
import { type bots, forgery, habitsOf, isDoomed, operationsOf } from './work.js';

// A bot process that gives nothing up, also when it is killed: it notes what it is about to send, sends it again under
// its key until Redis has it, and goes on after its journal. SIGUSR2: it sends nothing new. SIGTERM: it ends.

const TICK_MS = 50;

/** Beyond that, it waits for Redis. */
const MOST_UNDER_WAY = 300;

/** Outcomes that are awaited at once. */
const MOST_AWAITED = 100;

/** Bots tell the time of an update a little later than it happened; no two of our units have the same. */
const BEHIND_MS = 1_000;

const [bot = '', path = '', seed = '', perSecond = ''] = process.argv.slice(2);
const former = readJournal(path);
const journal = new Journal(path);
const ledger = new BotLedger({ bot });

let number = 0;
let lastAt = 0;
let finishing = false;
let awaited = 0;
const underWay = new Set<Promise<void>>();

process.on('SIGUSR2', () => {
  finishing = true;
});
process.on('SIGTERM', () => void ledger.close().finally(() => process.exit(0)));

await ledger.onEvent('badge.awarded', ({ id, telegramId }) => journal.append({ what: 'told', id, telegramId }));
process.stdout.write('sending\n');
resume(former);
while (!finishing) {
  for (let fresh = 0; fresh < (Number(perSecond) * TICK_MS) / 1_000 && underWay.size < MOST_UNDER_WAY; fresh++) {
    start(deliver(intend()));
  }
  await pause(TICK_MS);
}
while (underWay.size > 0) await Promise.all(underWay);
process.stdout.write('finished\n');

function start(work: Promise<void>): void {
  const followed = work.finally(() => underWay.delete(followed));
  underWay.add(followed);
}

/** Sends again what may not have arrived. */
function resume(entries: readonly Entry[]): void {
  const open = new Map<string, Extract<Entry, { what: 'intent' }>>();
  for (const entry of entries) {
    if (entry.what === 'intent') {
      open.set(entry.key, entry);
      number = entry.number;
      lastAt = entry.at;
    }
    if (entry.what === 'acknowledged') open.delete(entry.key);
  }
  for (const intent of open.values()) start(deliver(intent));
}

function intend(): Intent & { number: number } {
  number++;
  lastAt = Math.max(lastAt + 1, Date.now() - BEHIND_MS);
  const operations = operationsOf(Number(seed), bot as (typeof bots)[number], number);
  // The same keys in both bots: each has its own.
  const intent = { bot, number, key: `upd-${number}`, at: lastAt, operations };
  journal.append({ what: 'intent', ...intent });
  return intent;
}

async function deliver({ number, ...intent }: Intent & { number: number }): Promise<void> {
  const { key } = intent;
  const { awaits, forges, repeatAfterMs } = habitsOf(Number(seed), bot, number);
  const receipt = await send(intent);
  journal.append({ what: 'acknowledged', key });
  const applied = awaits && (await noteOutcomes(key, receipt));
  if (applied && forges) await forge(intent);
  if (repeatAfterMs === undefined) return;
  await pause(finishing ? 0 : repeatAfterMs);
  const again = await send(intent);
  journal.append({ what: 'repeated', key });
  if (awaits) await noteOutcomes(key, again);
}

type Receipt = Awaited<ReturnType<typeof send>>;

async function send(intent: Omit<Intent, 'bot'>) {
  for (;;) {
    try {
      return await sendUnit(ledger, intent);
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
    }
    await pause(100);
  }
}

/** Asks until there is an answer: a unit that was acknowledged has one in the end. Says whether there are outcomes. */
async function noteOutcomes(key: string, receipt: Receipt): Promise<boolean> {
  if (awaited >= MOST_AWAITED) return false;
  awaited++;
  try {
    for (;;) {
      try {
        journal.append({ what: 'outcomes', key, outcomes: await receipt.result({ timeoutMs: 20_000 }) });
        return true;
      } catch (error) {
        if (error instanceof UserDeletedError) return false;
        if (!(error instanceof ResultTimeoutError || error instanceof ApiError)) throw error;
      }
      await pause(200);
    }
  } finally {
    awaited--;
  }
}

/** Sends other content under a key that was applied: it must be refused. */
async function forge({ key, at, operations }: Intent): Promise<void> {
  const { telegramId = 1 } = operations[0] as WireOperation;
  if (isDoomed(telegramId)) return;
  journal.append({ what: 'forgery', key });
  const receipt = await send({ key, at, operations: forgery(telegramId) });
  journal.append({ what: 'forged', key });
  try {
    await receipt.result({ timeoutMs: 5_000 });
  } catch (error) {
    const late = error instanceof ResultTimeoutError || error instanceof ApiError;
    if (late || error instanceof IdempotencyConflictError) return;
    throw error;
  }
  throw new Error(`${key}: other content under the same key was answered as if it were applied`);
}
