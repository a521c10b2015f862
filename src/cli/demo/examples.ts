import type { BotLedger } from '../../index.js';

/** What an example showed, and whether it is what it should be. */
export interface Example {
  title: string;
  shown: string;
  right: boolean;
}

/** The user of all examples (SEED.md, "Примеры кода"). */
const JOHN = 123456;

const levels = [
  { level: 1, minXp: 0 },
  { level: 2, minXp: 100 },
  { level: 3, minXp: 300 },
];

/** The same keys in every run: however often the demo runs, its examples are applied once. */
const key = (name: string) => ({ key: `demo-1-${name}` });

/**
 * The six examples of the module that botledger replaces.
 *
 * @param spin a client of spin_bot
 * @param quiz a client of quiz_bot
 */
export async function replayExamples(spin: BotLedger, quiz: BotLedger): Promise<Example[]> {
  return [
    await createUser(spin),
    await keepSession(spin),
    await addXp(spin),
    await awardBadge(spin, quiz),
    await finishTraining(spin),
    await seeAcrossBots(spin, quiz),
  ];
}

async function createUser(spin: BotLedger): Promise<Example> {
  const receipt = await spin.touchUser(JOHN, { username: 'johndoe', firstName: 'John' }, key('user'));
  await receipt.result();
  const user = await spin.getUser(JOHN);
  return {
    title: 'create a user',
    shown: `@${user?.username}, ${user?.totalXp} XP, level ${user?.level}`,
    right: user?.username === 'johndoe',
  };
}

async function keepSession(spin: BotLedger): Promise<Example> {
  const session = { question_count: 5, clarity_level: 75 };
  await (await spin.saveSession(JOHN, { session }, key('session'))).result();
  const read = await spin.getUserSession(JOHN);
  return {
    title: 'keep a session',
    shown: `question_count ${read.session['question_count']}, clarity_level ${read.session['clarity_level']}`,
    right: read.session['question_count'] === 5 && read.session['clarity_level'] === 75,
  };
}

async function addXp(spin: BotLedger): Promise<Example> {
  const receipt = await spin.addXp(JOHN, { xp: 150, levels }, key('xp'));
  const { leveledUp, oldLevel, newLevel, totalXp } = await receipt.result();
  return {
    title: 'add XP',
    shown: `+150: ${totalXp} XP, ${leveledUp ? `level up! ${oldLevel} → ${newLevel}` : `level ${newLevel}`}`,
    right: leveledUp && newLevel === 2,
  };
}

async function awardBadge(spin: BotLedger, quiz: BotLedger): Promise<Example> {
  const badge = { badgeType: 'spin_master', metadata: { score: 185, date: '2025-01-15' } };
  const first = await (await spin.awardBadge(JOHN, badge, key('badge'))).result();
  const again = await (await spin.awardBadge(JOHN, badge, key('badge-again'))).result();
  const badges = await quiz.getBadges(JOHN, { bot: 'spin_bot' });
  const seen = badges.filter(({ badgeType }) => badgeType === 'spin_master').length;
  return {
    title: 'award a badge',
    shown: `spin_master, awarded twice: quiz_bot sees ${seen}`,
    right: first.awarded && !again.awarded && seen === 1,
  };
}

/** A finished training is several facts: sent as one unit, they are applied together or not at all. */
async function finishTraining(spin: BotLedger): Promise<Example> {
  const receipt = await spin.unit(key('training'), (unit) => {
    unit.saveTrainingHistory(JOHN, {
      totalScore: 185,
      clarityLevel: 92,
      questionCount: 8,
      contextualQuestions: 3,
      perTypeCounts: { situation: 2, problem: 3, implication: 2, need_payoff: 1 },
      caseData: { client: 'TechCorp', product: 'CRM System' },
    });
    unit.completeTraining(JOHN, { score: 185, levels });
  });
  await receipt.result();
  const { user, stats } = await spin.getUserSession(JOHN);
  return {
    title: 'finish a training',
    shown: `saved and counted in one unit: score ${user.totalScore}, best ${stats['best_score']}`,
    right: stats['best_score'] === 185 && user.totalTrainings >= 1,
  };
}

async function seeAcrossBots(spin: BotLedger, quiz: BotLedger): Promise<Example> {
  await (await spin.addXp(JOHN, { xp: 100 }, key('xp-across'))).result();
  const [inSpin, inQuiz] = [await spin.getUserSession(JOHN), await quiz.getUserSession(JOHN)];
  const same = inSpin.user.totalXp === inQuiz.user.totalXp && inSpin.user.level === inQuiz.user.level;
  const apart = Object.keys(inSpin.session).length > 0 && Object.keys(inQuiz.session).length === 0;
  return {
    title: 'share across bots',
    shown: `${inSpin.user.totalXp} XP in spin_bot, ${inQuiz.user.totalXp} XP in quiz_bot; own sessions`,
    right: same && apart,
  };
}
