import { expect } from 'chai';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';

const stored = (rows: MemoryRows) =>
  rows.stored.botSessions.map(({ botName, sessionData, statsData }) => [botName, sessionData, statsData]);

function played(): MemoryRows {
  const rows = new MemoryRows();
  apply(rows, 'saveSession', { session: { step: 3 }, stats: { best: 9 } });
  return rows;
}

describe('saveSession', () => {
  it('stores session and stats of a bot', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'saveSession', { session: { step: 1 } }, { bot: 'quiz_bot' })).to.deep.equal({ saved: true });
    apply(rows, 'saveSession', { stats: { best: 5 } }, { bot: 'quiz_bot' });
    expect(stored(rows)).to.deep.equal([['quiz_bot', '{"step":1}', '{"best":5}']]);
  });

  it('says when it was too old to be stored', () => {
    const rows = played();
    expect(apply(rows, 'saveSession', { session: { step: 2 } }, { at: days(-1) })).to.deep.equal({ saved: false });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":3}', '{"best":9}']]);
  });

  it('takes one made at the same moment', () => {
    const rows = played();
    expect(apply(rows, 'saveSession', { session: { step: 4 } }, { at: noon })).to.deep.equal({ saved: true });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":4}', '{"best":9}']]);
  });

  it('stores an empty session as one', () => {
    const rows = played();
    apply(rows, 'saveSession', { session: {} });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{}', '{"best":9}']]);
  });
});

describe('resetSession', () => {
  it('empties the session and keeps the stats', () => {
    const rows = played();
    expect(apply(rows, 'resetSession', {}, { at: days(1) })).to.deep.equal({ saved: true });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{}', '{"best":9}']]);
  });

  it('starts from the session given', () => {
    const rows = played();
    apply(rows, 'resetSession', { session: { step: 0 } });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":0}', '{"best":9}']]);
  });

  it('empties the stats as well without keepStats', () => {
    const rows = played();
    apply(rows, 'resetSession', { keepStats: false });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{}', '{}']]);
  });

  it('does nothing when it is older than what is stored', () => {
    const rows = played();
    expect(apply(rows, 'resetSession', { keepStats: false }, { at: days(-1) })).to.deep.equal({ saved: false });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":3}', '{"best":9}']]);
  });

  it('makes an older save come too late', () => {
    const rows = played();
    apply(rows, 'resetSession', {}, { at: days(2) });
    expect(apply(rows, 'saveSession', { session: { step: 4 } }, { at: days(1) })).to.deep.equal({ saved: false });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{}', '{"best":9}']]);
  });

  it('with keepStats does not make an older save of the stats come too late', () => {
    const rows = played();
    apply(rows, 'resetSession', {}, { at: days(2) });
    expect(apply(rows, 'saveSession', { stats: { best: 10 } }, { at: days(1) })).to.deep.equal({ saved: true });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{}', '{"best":10}']]);
  });
});
