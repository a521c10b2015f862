import { BotLedger } from '../../src/index.js';

// A bot process: sends units `first`..`last` through the SDK, each under its number, to one of 100 users.
const [bot = '', first = 0, last = 0] = process.argv.slice(2).map((text, index) => (index === 0 ? text : Number(text)));
const ledger = new BotLedger({ bot: String(bot) });
const WINDOW = 200;
for (let number = Number(first); number <= Number(last); number += WINDOW) {
  const window = Array.from({ length: Math.min(WINDOW, Number(last) - number + 1) }, (_, index) => number + index);
  await Promise.all(
    window.map((each) => ledger.addXp(1 + (each % 100), { xp: 1 + (each % 7) }, { key: `upd-${each}` })),
  );
}
await ledger.close();
process.stdout.write('sent\n');
