import { BotLedger } from '../../src/index.js';

// A bot process: saves sessions of its share of 50 users, `rounds` times, and reads each after saving it.
const [share = 0, rounds = 0] = process.argv.slice(2).map(Number);
const ledger = new BotLedger({ bot: 'spin_bot' });
let differing = 0;
for (let round = 1; round <= rounds; round++) {
  const telegramId = 1 + ((2 * round + share) % 50);
  const saved = { session: { round, share }, stats: { saves: round } };
  await ledger.saveSession(telegramId, saved);
  const read = await ledger.getUserSession(telegramId);
  if (read.session['round'] !== round || read.stats['saves'] !== round || read.session['share'] !== share) differing++;
}
await ledger.close();
process.stdout.write(`${differing} of ${rounds} differ\n`);
