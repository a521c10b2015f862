import { expect } from 'chai';
import fc from 'fast-check';
import { storeSession } from '../../src/domain/sessions.js';
import { days, MemoryRows, noon } from '../helpers/memory-rows.js';

type Parts = Parameters<typeof storeSession>[2];

const neither = { session: undefined, stats: undefined };
const store = (rows: MemoryRows, at: Date, parts: Partial<Parts>, bot = 'spin_bot', telegramId = 1) =>
  storeSession(rows, { telegramId, bot, at }, { ...neither, ...parts });

const stored = (rows: MemoryRows) =>
  rows.stored.botSessions.map(({ botName, sessionData, statsData }) => [botName, sessionData, statsData]);

describe('storing a session', () => {
  it('keeps session and stats as JSON under the bot', () => {
    const rows = new MemoryRows();
    expect(store(rows, noon, { session: { step: 1 }, stats: { best: 9 } })).to.equal(true);
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":1}', '{"best":9}']]);
  });

  it('gives each user and each bot a session of its own', () => {
    const rows = new MemoryRows();
    store(rows, noon, { session: { of: 'spin' } });
    store(rows, noon, { session: { of: 'quiz' } }, 'quiz_bot');
    store(rows, noon, { session: { of: 'other' } }, 'spin_bot', 2);
    expect(stored(rows).map(([bot, session]) => [bot, session])).to.deep.equal([
      ['spin_bot', '{"of":"spin"}'],
      ['quiz_bot', '{"of":"quiz"}'],
      ['spin_bot', '{"of":"other"}'],
    ]);
  });

  it('leaves the part that is not given', () => {
    const rows = new MemoryRows();
    store(rows, noon, { session: { step: 1 }, stats: { best: 1 } });
    store(rows, days(1), { session: { step: 2 } });
    store(rows, days(2), { stats: { best: 2 } });
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":2}', '{"best":2}']]);
  });

  it('refuses what is older than what is stored', () => {
    const rows = new MemoryRows();
    store(rows, noon, { session: { step: 2 }, stats: { best: 2 } });
    expect(store(rows, days(-1), { session: { step: 1 }, stats: { best: 1 } })).to.equal(false);
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":2}', '{"best":2}']]);
  });

  it('takes what was made in the same millisecond: the later arrival wins', () => {
    const rows = new MemoryRows();
    store(rows, noon, { session: { step: 1 }, stats: { best: 1 } });
    expect(store(rows, noon, { session: { step: 2 }, stats: { best: 2 } })).to.equal(true);
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":2}', '{"best":2}']]);
  });

  it('has a time for session and stats each, so a late save of one is not lost to an early save of the other', () => {
    const rows = new MemoryRows();
    store(rows, days(2), { stats: { best: 9 } });
    expect(store(rows, days(1), { session: { step: 1 } })).to.equal(true);
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":1}', '{"best":9}']]);
  });

  it('saves the newer half of a write of which the other half is old', () => {
    const rows = new MemoryRows();
    store(rows, days(2), { stats: { best: 9 } });
    expect(store(rows, days(1), { session: { step: 1 }, stats: { best: 1 } })).to.equal(true);
    expect(stored(rows)).to.deep.equal([['spin_bot', '{"step":1}', '{"best":9}']]);
  });

  it('notes when each part was made, and never moves the last change back', () => {
    const rows = new MemoryRows();
    store(rows, days(2), { stats: {} });
    store(rows, days(1), { session: {} });
    const { sessionAt, statsAt, updatedAt } = rows.stored.botSessions[0] ?? {};
    expect([sessionAt, statsAt, updatedAt]).to.deep.equal([days(1), days(2), days(2)]);
  });

  it('ends with the newest of each part, in whatever order the saves arrive', () => {
    const saves = fc.uniqueArray(
      fc.record({ day: fc.integer({ min: 0, max: 30 }), part: fc.constantFrom('session', 'stats') }),
      {
        minLength: 1,
        selector: ({ day, part }) => `${day} ${part}`,
      },
    );
    fc.assert(
      fc.property(saves, (arrivals) => {
        const rows = new MemoryRows();
        for (const { day, part } of arrivals) store(rows, days(day), { [part]: { day } });
        const newest = (wanted: string) => {
          const made = arrivals.filter(({ part }) => part === wanted).map(({ day }) => day);
          return made.length > 0 ? `{"day":${Math.max(...made)}}` : '{}';
        };
        expect(stored(rows)).to.deep.equal([['spin_bot', newest('session'), newest('stats')]]);
      }),
    );
  });
});
