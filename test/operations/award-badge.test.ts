import { expect } from 'chai';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';

describe('awardBadge', () => {
  it('awards a badge with its metadata', () => {
    const rows = new MemoryRows();
    const awarded = apply(rows, 'awardBadge', { badgeType: 'spin_master', metadata: { score: 185 } });
    expect(awarded).to.deep.equal({ awarded: true, earnedAt: noon });
    expect(rows.stored.userBadges).to.have.lengthOf(1);
    expect(rows.stored.userBadges[0]).to.include({
      badgeType: 'spin_master',
      earnedInBot: 'spin_bot',
      metadata: '{"score":185}',
    });
  });

  it('awards it once, and answers from then on when that was', () => {
    const rows = new MemoryRows();
    apply(rows, 'awardBadge', { badgeType: 'spin_master' });
    const again = apply(rows, 'awardBadge', { badgeType: 'spin_master', metadata: { late: true } }, { at: days(5) });
    expect(again).to.deep.equal({ awarded: false, earnedAt: noon });
    expect(rows.stored.userBadges).to.have.lengthOf(1);
    expect(rows.stored.userBadges[0]?.metadata).to.equal(null);
  });

  it('awards it once more in another bot, to another user, and another badge', () => {
    const rows = new MemoryRows();
    apply(rows, 'awardBadge', { badgeType: 'spin_master' });
    expect(apply(rows, 'awardBadge', { badgeType: 'spin_master' }, { bot: 'quiz_bot' })).to.include({ awarded: true });
    expect(apply(rows, 'awardBadge', { badgeType: 'spin_master' }, { telegramId: 2 })).to.include({ awarded: true });
    expect(apply(rows, 'awardBadge', { badgeType: 'guru' })).to.include({ awarded: true });
    expect(rows.stored.userBadges).to.have.lengthOf(4);
  });
});
