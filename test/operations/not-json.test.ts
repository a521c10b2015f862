import { expect } from 'chai';
import { checkUnit } from '../../src/operations/unit.js';
import { refusal } from '../helpers/refusal.js';

const wireOf = (operation: unknown) => ({ bot: 'spin_bot', key: 'upd-1', at: 1, operations: [operation] });
const problemsOf = (operation: unknown) => refusal(() => checkUnit(wireOf(operation))).join('; ');

function nested(depth: number): object {
  let value: object = {};
  for (let level = 1; level < depth; level++) value = { deeper: value };
  return value;
}

describe('What is not JSON is refused, naming its place', () => {
  for (const [what, value, problem] of [
    ['a Date', new Date(0), 'a Date is not JSON: convert it first'],
    ['a Map', new Map(), 'a Map is not JSON: convert it first'],
    ['a class instance', new (class Game {})(), 'a Game is not JSON: convert it first'],
    ['a function', () => 1, 'function is not JSON'],
    ['a symbol', Symbol('x'), 'symbol is not JSON'],
    ['NaN', Number.NaN, 'the number NaN is not JSON'],
    ['Infinity', Number.POSITIVE_INFINITY, 'the number Infinity is not JSON'],
    ['a BigInt', 5n, 'bigint is not JSON'],
    ['undefined in a list', [undefined], 'undefined is not JSON'],
  ] as const) {
    it(`${what} inside a session`, () => {
      const session = { game: [{ value }] };
      const path = Array.isArray(value) ? 'saveSession.session.game.0.value.0' : 'saveSession.session.game.0.value';
      expect(problemsOf({ name: 'saveSession', telegramId: 1, session })).to.equal(`${path}: ${problem}`);
    });
  }

  for (const session of [[], new Map(), new Date(0), 'text', 5, null]) {
    it(`${Object.prototype.toString.call(session)} for a session`, () => {
      const problem = problemsOf({ name: 'saveSession', telegramId: 1, session });
      expect(problem).to.match(/^saveSession\.session: expected a plain JSON object/);
    });
  }

  it('a session nested deeper than 64 levels, or without end', () => {
    expect(checkUnit(wireOf({ name: 'saveSession', telegramId: 1, session: nested(64) }))).to.be.an('object');
    expect(problemsOf({ name: 'saveSession', telegramId: 1, session: nested(65) })).to.match(
      /nested deeper than 64 levels/,
    );
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    expect(problemsOf({ name: 'saveSession', telegramId: 1, session: endless })).to.match(
      /nested deeper than 64 levels/,
    );
    const json = `{"name":"addXp","telegramId":1,"xp":5,"x":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
    expect(problemsOf(JSON.parse(json))).to.equal('addXp.x: unknown field, remove it');
  });

  it('undefined in an object is as good as absent', () => {
    const session = { gone: undefined, kept: 1 };
    expect(checkUnit(wireOf({ name: 'saveSession', telegramId: 1, session })).bytes).to.equal(
      '[{"name":"saveSession","session":{"kept":1},"telegramId":1}]'.length,
    );
  });
});
