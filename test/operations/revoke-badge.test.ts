import { expect } from 'chai';
import { apply, days, MemoryRows } from '../helpers/memory-rows.js';

const badgeType = 'spin_master';

const badges = (rows: MemoryRows) => rows.stored.userBadges.map((badge) => [badge.badgeType, badge.earnedInBot]);

describe('revokeBadge', () => {
  it('takes the badge away', () => {
    const rows = new MemoryRows();
    apply(rows, 'awardBadge', { badgeType });
    expect(apply(rows, 'revokeBadge', { badgeType })).to.deep.equal({ revoked: true });
    expect(badges(rows)).to.deep.equal([]);
  });

  it('says when there is nothing to take away: never awarded, or revoked already', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'revokeBadge', { badgeType })).to.deep.equal({ revoked: false });
    apply(rows, 'awardBadge', { badgeType });
    apply(rows, 'revokeBadge', { badgeType });
    expect(apply(rows, 'revokeBadge', { badgeType })).to.deep.equal({ revoked: false });
  });

  it('leaves other badges, the same badge of another bot, and that of another user', () => {
    const rows = new MemoryRows();
    apply(rows, 'awardBadge', { badgeType });
    apply(rows, 'awardBadge', { badgeType: 'guru' });
    apply(rows, 'awardBadge', { badgeType }, { bot: 'quiz_bot' });
    apply(rows, 'awardBadge', { badgeType }, { telegramId: 2 });
    expect(apply(rows, 'revokeBadge', { badgeType }, { telegramId: 3 })).to.deep.equal({ revoked: false });

    apply(rows, 'revokeBadge', { badgeType });
    expect(badges(rows)).to.deep.equal([
      ['guru', 'spin_bot'],
      [badgeType, 'quiz_bot'],
      [badgeType, 'spin_bot'],
    ]);
    expect(rows.stored.userBadges.at(-1)?.userId).to.equal(rows.user(2).id);
  });

  it('lets the badge be earned anew, with a new date and new metadata', () => {
    const rows = new MemoryRows();
    apply(rows, 'awardBadge', { badgeType, metadata: { score: 1 } });
    apply(rows, 'revokeBadge', { badgeType });
    const again = apply(rows, 'awardBadge', { badgeType, metadata: { score: 2 } }, { at: days(5) });
    expect(again).to.deep.equal({ awarded: true, earnedAt: days(5) });
    expect(rows.stored.userBadges.map(({ metadata }) => metadata)).to.deep.equal(['{"score":2}']);
  });
});
