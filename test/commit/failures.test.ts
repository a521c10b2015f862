import { expect } from 'chai';
import { blame, explain, RuleFailures } from '../../src/commit/failures.js';
import { unitOf } from '../helpers/units.js';

const coded = (code: unknown) => Object.assign(new Error('from the driver'), { code });

/** Why each failure is whose fault. */
const table: { error: Error; is: ReturnType<typeof blame>; because: string }[] = [
  { error: new RuleFailures(new Map()), is: 'units', because: 'rules threw' },
  { error: new TypeError(), is: 'units', because: 'a rule left a value that does not print' },
  { error: new RangeError(), is: 'units', because: 'a rule left a moment that is none' },
  { error: coded('23505'), is: 'race', because: 'another worker inserted the same row first' },
  { error: coded('23514'), is: 'units', because: 'a CHECK does not hold' },
  { error: coded('23502'), is: 'units', because: 'a column must not be null' },
  { error: coded('23503'), is: 'units', because: 'a foreign key leads nowhere' },
  { error: coded('22003'), is: 'units', because: 'a number is out of range' },
  { error: coded('22001'), is: 'units', because: 'a text is too long' },
  { error: coded('22P02'), is: 'units', because: 'a text is no number' },
  { error: coded('21000'), is: 'units', because: 'one row is changed twice' },
  { error: coded('54000'), is: 'units', because: 'a statement is too large' },
  { error: coded('57P01'), is: 'database', because: 'an administrator shuts PostgreSQL down' },
  { error: coded('57P03'), is: 'database', because: 'PostgreSQL is starting' },
  { error: coded('57014'), is: 'slow', because: 'the statement ran into its time limit' },
  { error: new Error('Query read timeout'), is: 'slow', because: 'there was no answer in time' },
  { error: coded('25P03'), is: 'race', because: 'this process was frozen in mid-transaction' },
  { error: coded('55P03'), is: 'locked', because: 'the lock ran into its time limit' },
  { error: coded('53300'), is: 'database', because: 'there are too many connections' },
  { error: coded('53100'), is: 'database', because: 'the disk is full' },
  { error: coded('25006'), is: 'database', because: 'it became a read-only replica' },
  { error: coded('28P01'), is: 'database', because: 'the password is wrong' },
  { error: coded('3D000'), is: 'database', because: 'there is no such database' },
  { error: coded('42P01'), is: 'database', because: 'the migrations did not run' },
  { error: coded('40P01'), is: 'database', because: 'it deadlocks however often it runs' },
  { error: coded('08006'), is: 'database', because: 'the connection broke' },
  { error: coded('XX000'), is: 'database', because: 'PostgreSQL has an internal error' },
  { error: coded('ECONNREFUSED'), is: 'database', because: 'nobody listens' },
  { error: coded('ECONNRESET'), is: 'database', because: 'the connection broke' },
  { error: coded('EPIPE'), is: 'database', because: 'the connection broke' },
  { error: coded('SQLITE_CONSTRAINT'), is: 'units', because: 'SQLite refuses a row' },
  { error: coded('SQLITE_MISMATCH'), is: 'units', because: 'SQLite expects an integer' },
  { error: coded('SQLITE_TOOBIG'), is: 'units', because: 'a text is too long for SQLite' },
  { error: coded('SQLITE_BUSY'), is: 'database', because: 'another process keeps the file locked' },
  { error: coded('SQLITE_FULL'), is: 'database', because: 'the disk is full' },
  { error: coded('SQLITE_IOERR'), is: 'database', because: 'the disk fails' },
  { error: coded('SQLITE_READONLY'), is: 'database', because: 'the file may not be written' },
  { error: coded('SQLITE_CORRUPT'), is: 'database', because: 'the file is damaged' },
  { error: coded('SQLITE_NOTADB'), is: 'database', because: 'the file is no database' },
  { error: coded('SQLITE_ERROR'), is: 'database', because: 'a table is missing' },
  { error: new Error('Connection terminated unexpectedly'), is: 'database', because: 'the driver gives it no code' },
  { error: coded(23505), is: 'database', because: 'no driver gives numbers' },
];

describe('Whose fault a failed transaction is', () => {
  for (const { error, is, because } of table) {
    const name = (error as { code?: unknown }).code ?? error.message;
    it(`${name || error.name}: ${is}, because ${because}`, () => {
      expect(blame(error)).to.equal(is);
    });
  }
});

describe('What a failure says', () => {
  const saying = (message: string, code: string) => {
    const unit = unitOf({ name: 'addXp', telegramId: 1, xp: 5 });
    return explain(unit, Object.assign(new Error(message), { code })).message;
  };

  it('is without the values that PostgreSQL quotes, and otherwise as it is', () => {
    const value = 'invalid input syntax for type integer: "a "quoted"\nname"';
    expect(saying(value, '22P02')).to.include(': invalid input syntax for type integer: "…" (22P02); ');
    const constraint = 'new row for relation "users" violates check constraint "users_xp"';
    expect(saying(constraint, '23514')).to.include(`: ${constraint} (23514); `);
  });
});
