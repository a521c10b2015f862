import { expect } from 'chai';
import { checkUnit } from '../../src/operations/unit.js';
import { refusal } from '../helpers/refusal.js';

const wire = { bot: 'spin_bot', key: 'upd-1', at: 1, operations: [{ name: 'addXp', telegramId: 1, xp: 5 }] };

/** The problems of a unit; the operation given is its only one. */
const problemsOf = (operation: unknown, rest: object = {}) =>
  refusal(() => checkUnit({ ...wire, ...rest, operations: [operation] })).join('; ');

/** As it comes off the wire, where `__proto__` is a field like any other. */
const parse = (json: string): unknown => JSON.parse(json);

describe('Bad input is refused, naming the field and what to do', () => {
  for (const name of ['addXP', '', 'constructor', 'toString', '__proto__', 'hasOwnProperty', 'x'.repeat(1_000)]) {
    it(`an unknown operation ${name.slice(0, 20)}`, () => {
      const problem = problemsOf({ ...wire.operations[0], name });
      expect(problem).to.match(/^name: unknown operation ".*", known are touchUser, .*deleteUser$/);
      expect(problem.length).to.be.lessThan(400);
    });
  }

  for (const [telegramId, problem] of [
    [2 ** 53, /too big/],
    [-(2 ** 53), /too small/],
    [1.5, /expected int/],
    ['5', /expected number, received string/],
    [Number.NaN, /expected number, received NaN/],
    [Number.POSITIVE_INFINITY, /expected/],
    [5n, /received bigint/],
    [null, /received null/],
    [undefined, /received undefined/],
  ] as const) {
    it(`${typeof telegramId} ${telegramId} for a Telegram id`, () => {
      const field = problemsOf({ name: 'addXp', telegramId, xp: 5 });
      expect(field)
        .to.match(/^addXp\.telegramId: /)
        .and.match(problem);
    });
  }

  it('unknown fields, each by its name', () => {
    const problem = problemsOf({ name: 'addXp', telegramId: 1, xp: 5, userId: 1, 'odd name': 2 });
    expect(problem).to.equal('addXp.userId: unknown field, remove it; addXp."odd name": unknown field, remove it');
    expect(problemsOf(wire.operations[0], { user: 1 })).to.equal('unit.user: unknown field, remove it');
  });

  for (const [where, field, json] of [
    [
      'among the fields of an operation',
      'addXp.__proto__',
      '{"name":"addXp","telegramId":1,"xp":5,"__proto__":{"xp":7}}',
    ],
    [
      'in a list of levels',
      'addXp.levels.0.__proto__',
      '{"name":"addXp","telegramId":1,"xp":5,"levels":[{"level":1,"minXp":0,"__proto__":1}]}',
    ],
    [
      'in a session',
      'saveSession.session.__proto__',
      '{"name":"saveSession","telegramId":1,"session":{"__proto__":{"admin":true}}}',
    ],
    [
      'deep in stats',
      'saveSession.stats.a.0.__proto__',
      '{"name":"saveSession","telegramId":1,"stats":{"a":[{"__proto__":1}]}}',
    ],
  ] as const) {
    it(`__proto__ ${where}`, () => {
      expect(problemsOf(parse(json))).to.match(new RegExp(`^${field}: .*(unknown field|not allowed)`));
    });
  }

  it('__proto__ beside the operations', () => {
    const raw = parse(
      '{"bot":"b","key":"k","at":1,"operations":[{"name":"addXp","telegramId":1,"xp":5}],"__proto__":1}',
    );
    expect(refusal(() => checkUnit(raw)).join()).to.equal('unit.__proto__: unknown field, remove it');
  });

  it('text that no database stores as it is', () => {
    expect(problemsOf({ name: 'touchUser', telegramId: 1, username: 'a\0b' })).to.match(/^touchUser\.username: .*NUL/);
    const half = '👍'.slice(0, 1);
    expect(problemsOf({ name: 'touchUser', telegramId: 1, firstName: half })).to.match(
      /^touchUser\.firstName: .*emoji/,
    );
    expect(problemsOf({ name: 'awardBadge', telegramId: 1, badgeType: half })).to.match(/^awardBadge\.badgeType: /);
    expect(problemsOf({ name: 'awardBadge', telegramId: 1, badgeType: 'x'.repeat(256) })).to.match(/too big.*255/);
    expect(problemsOf({ name: 'awardBadge', telegramId: 1, badgeType: '' })).to.match(/too small/);
  });

  it('bad names of bots', () => {
    for (const bot of ['', 'spin bot', 'бот', 'a/b', 'x'.repeat(65), 5, undefined]) {
      expect(problemsOf(wire.operations[0], { bot }), String(bot)).to.match(/^unit\.bot: expected /);
    }
  });

  it('bad keys', () => {
    for (const key of ['', 'upd 1', 'upd\n1', 'ключ', 'x'.repeat(201), 5, null]) {
      expect(problemsOf(wire.operations[0], { key }), String(key)).to.match(/^unit\.key: expected /);
    }
  });

  it('bad times', () => {
    for (const at of [-1, 1.5, 2 ** 53, '2026-01-15', new Date(0)]) {
      expect(problemsOf(wire.operations[0], { at }), String(at)).to.match(/^unit\.at: /);
    }
  });

  it('a payload that does not fit its operation', () => {
    const of = (name: string, payload: object) => problemsOf({ name, telegramId: 1, ...payload });
    expect(of('addXp', { xp: '5' })).to.equal('addXp.xp: expected number, received string');
    expect(of('addXp', { xp: 1_000_000_001 })).to.match(/^addXp\.xp: too big/);
    expect(of('addXp', { xp: 1, levels: [] })).to.match(/^addXp\.levels: too small/);
    expect(of('addXp', { xp: 1, levels: [{ level: 0, minXp: 0 }] })).to.match(/^addXp\.levels\.0\.level: too small/);
    expect(of('setLevel', { level: 0 })).to.match(/^setLevel\.level: too small/);
    expect(of('incrementTrainings', { by: 0 })).to.match(/^incrementTrainings\.by: too small/);
    expect(of('saveSession', {})).to.equal('saveSession: give session, stats or both');
    expect(of('createSubscription', { type: 'WEEK' })).to.match(/^createSubscription\.type: .*MONTH.*YEAR.*CREDITS/);
    expect(of('createSubscription', { type: 'CREDITS' })).to.match(/^createSubscription\.credits: give credits/);
    expect(of('createSubscription', { type: 'MONTH', credits: 5 })).to.match(
      /^createSubscription\.credits: give credits/,
    );
    expect(of('createSubscription', { type: 'CREDITS', credits: 5, durationDays: 5 })).to.match(
      /^createSubscription\.durationDays: /,
    );
    expect(of('addFreeTrainings', { count: 0, source: 'CHANNEL' })).to.match(/^addFreeTrainings\.count: too small/);
    expect(of('consumeAccess', { of: 1 })).to.equal('consumeAccess.of: unknown field, remove it');
  });

  it('all problems of all operations at once, told apart by their place', () => {
    const operations = [{ name: 'addXp', telegramId: 1, xp: 'a' }, wire.operations[0], { name: 'nope' }];
    expect(refusal(() => checkUnit({ ...wire, operations }))[0]).to.equal(
      'operations[0] addXp.xp: expected number, received string',
    );
    expect(refusal(() => checkUnit({ ...wire, operations }))[1]).to.match(
      /^operations\[2\] name: unknown operation "nope"/,
    );
  });

  it('in a few lines, however much is wrong', () => {
    const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`field ${i} ${'x'.repeat(500)}`, 1]));
    const problems = refusal(() =>
      checkUnit({ ...wire, operations: [{ name: 'addXp', telegramId: 1, xp: 1, ...fields }] }),
    );
    expect(problems).to.have.lengthOf(21);
    expect(problems.at(-1)).to.equal('4980 more problems');
    const long = { ['x'.repeat(10_000)]: { value: Number.NaN } };
    expect(problemsOf({ name: 'saveSession', telegramId: 1, session: long }).length).to.be.lessThan(200);
  });
});
