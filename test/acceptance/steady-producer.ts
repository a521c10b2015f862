import { setTimeout as pause } from 'node:timers/promises';
import { BotLedger, QueueUnavailableError } from '../../src/index.js';

// A bot process that gives nothing up: sends units `first`..`last`, a few at a time, each again under its key until
// Redis has it.
const [bot = '', first = '', last = ''] = process.argv.slice(2);
const ledger = new BotLedger({ bot });
const AT_ONCE = 25;

let next = Number(first);
let refused = 0;
let slowest = 0;

async function send(number: number): Promise<void> {
  for (;;) {
    const start = performance.now();
    try {
      await ledger.addXp(1 + (number % 100), { xp: 1 + (number % 7) }, { key: `upd-${number}` });
      return;
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      refused++;
    } finally {
      slowest = Math.max(slowest, performance.now() - start);
    }
    await pause(50);
  }
}

const lanes = Array.from({ length: AT_ONCE }, async () => {
  while (next <= Number(last)) await send(next++);
});
await Promise.all(lanes);
await ledger.close();
process.stdout.write(`sent; refused ${refused} times, slowest ${Math.round(slowest)} ms\n`);
