import { BotLedger } from '../index.js';
import { showAccess } from './access.js';
import { type AllInOne, startAllInOne } from './all-in-one.js';
import { sendBurst } from './demo/burst.js';
import { replayExamples } from './demo/examples.js';
import { type DemoResult, describeBurst, describeExample, describeLeaderboard, isExact } from './demo/report.js';
import { endOnError } from './process.js';
import { noProgress, showProgress, whole } from './progress.js';

/** How the demo was asked for. */
interface DemoOptions {
  once: boolean;
  json: boolean;
  writes: number;
}

const SPIN = 'spin_bot';
const QUIZ = 'quiz_bot';

/** `botledger demo`: everything in one process, two bots that write, and what came out. */
export const runDemo = ({ once, json, writes }: DemoOptions) =>
  endOnError(async () => {
    const all = await startAllInOne({ logLevel: json ? 'silent' : 'warn', bots: [SPIN, QUIZ] });
    const say = json ? () => undefined : (text: string) => console.log(text);
    say(describeStart(all));
    const result = await play(all, { writes, json }, say);
    if (json) console.log(JSON.stringify(result));
    say(result.ok ? '\nEverything is as it should be.' : '\nSomething is not as it should be: see ✘ above.');
    if (!result.ok) process.exitCode = 1;
    if (once || json) {
      await all.close();
      return;
    }

    say(`\n${showAccess(all.url, all.config)}\nREDIS_URL   ${all.config.redisUrl}`);
    say('\nIt stays up until Ctrl-C; what it holds stays in ./data.');
  });

async function play(
  { config, database, url, tokens }: AllInOne,
  { writes, json }: Omit<DemoOptions, 'once'>,
  say: (text: string) => void,
): Promise<DemoResult> {
  const [spin, quiz] = [SPIN, QUIZ].map((bot) => {
    const apiToken = tokens.get(bot) as string;
    const { redisUrl, queuePartitions } = config;
    const secret = config.botSecrets?.get(bot)?.[0];
    return new BotLedger({ bot, redisUrl, queuePartitions, apiUrl: url, apiToken, ...(secret && { secret }) });
  }) as [BotLedger, BotLedger];
  try {
    say('\nThe six examples, by two bots');
    const examples = await replayExamples(spin, quiz);
    examples.forEach((example, index) => void say(describeExample(example, index + 1)));

    say('\nA burst of mixed writes, by both bots at once');
    const progress = json ? noProgress : showProgress(writes, (done) => `${whole(done)} of ${whole(writes)} committed`);
    const burst = await sendBurst([spin, quiz], database, writes, progress.update).finally(progress.stop);
    say(describeBurst(burst));

    const leaderboard = await spin.getLeaderboard({ limit: 5 });
    say(`\nThe leaderboard of all bots\n${describeLeaderboard(leaderboard)}`);
    return { ok: examples.every(({ right }) => right) && isExact(burst), examples, burst, leaderboard };
  } finally {
    await Promise.all([spin.close(), quiz.close()]);
  }
}

/** Where it runs; without credentials. */
function describeStart({ config, url }: AllInOne): string {
  const where = (address: string) => address.replace(/\/\/[^@/]*@/, '//');
  return `botledger: API on ${url}\n  database  ${where(config.databaseUrl)}\n  redis     ${where(config.redisUrl)}`;
}
