import { BotLedger } from '../../src/index.js';

// A bot process: sends units `first`..`last`, one after the other, each under its number, and says what its spool holds.
const [spool = '', first = 0, last = 0] = process.argv
  .slice(2)
  .map((text, index) => (index === 0 ? text : Number(text)));
const say = (what: string) => process.stdout.write(`${what}\n`);
const ledger = new BotLedger({ spool: String(spool), onSpool: (units) => say(`spooled ${units}.`) });
say(`found ${ledger.spooled}.`);
for (let number = Number(first); number <= Number(last); number++) {
  await ledger.addXp(1 + (number % 10), { xp: 1 + (number % 7) }, { key: `upd-${number}` });
}
say('sent');
