import type { AccessView, BotLedger, OutcomeOf } from 'botledger';

/** What somebody has reached, in all bots of the ledger. */
export async function aboutMe(ledger: BotLedger, telegramId: number): Promise<string> {
  const [user, rank, badges, access] = await Promise.all([
    ledger.getUser(telegramId),
    ledger.getRank(telegramId),
    ledger.getBadges(telegramId),
    ledger.checkAccess(telegramId),
  ]);
  if (!user) return 'We have not met yet: send /start.';
  return [
    `${user.totalXp} XP, level ${user.level}, place ${rank}`,
    `Badges: ${badges.map(({ badgeType, earnedInBot }) => `${badgeType} (${earnedInBot})`).join(', ') || 'none yet'}`,
    accessText(access),
  ].join('\n');
}

/** The best of all bots of the ledger. */
export async function topTen(ledger: BotLedger): Promise<string> {
  const users = await ledger.getLeaderboard({ limit: 10 });
  const lines = users.map(({ rank, firstName, totalXp }) => `${rank}. ${firstName ?? 'Somebody'}: ${totalXp} XP`);
  return lines.join('\n') || 'Nobody yet. Be the first!';
}

/** What became of a promocode; undefined while nobody knows. */
export function promoText(outcome: OutcomeOf<'redeemPromocode'> | undefined): string {
  if (!outcome) return 'This takes longer than usual: /me will show what you got.';
  return outcome.redeemed ? 'Done. /me shows what you have.' : `That code does not work: ${outcome.reason}.`;
}

function accessText({ accessType, details }: AccessView): string {
  switch (accessType) {
    case 'subscription':
      return `Access until ${details.endDate?.slice(0, 10)}`;
    case 'credits':
      return `Paid trainings left: ${details.creditsLeft}`;
    case 'free_trainings':
      return `Free trainings left: ${details.trainingsLeft}`;
    case null:
      return 'No trainings left: /buy';
  }
}
