import { expect } from 'chai';
import { ConnectionRefusedError, DatabaseError, UniqueConstraintError } from 'sequelize';
import { isOutage } from '../src/failures.js';

describe('isOutage', () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code });
  const fromDatabase = (code: string) => new DatabaseError(Object.assign(withCode(code), { sql: 'SELECT 1' }));

  it('knows a database or a Redis that is away', () => {
    const away = [
      new ConnectionRefusedError(withCode('ECONNREFUSED')),
      ...['57P01', '57P03', '53300', '08006', '57014', '55P03', 'SQLITE_BUSY', 'SQLITE_FULL'].map(fromDatabase),
      withCode('ECONNRESET'),
      new Error('Connection is closed.'),
      new Error('Connection terminated unexpectedly'),
      new Error('Query read timeout'),
      new Error("Stream isn't writeable and enableOfflineQueue options is false"),
      Object.assign(new Error('Reached the max retries per request limit'), { name: 'MaxRetriesPerRequestError' }),
    ];
    for (const error of away) expect(isOutage(error), String(error)).to.equal(true);
  });

  it('takes nothing else for an outage', () => {
    const ours = [
      ...['42P01', '23505', '22P02', 'SQLITE_ERROR', 'SQLITE_CONSTRAINT'].map(fromDatabase),
      new UniqueConstraintError({}),
      new TypeError('x is not a function'),
      withCode('ERR_INVALID_ARG_TYPE'),
      undefined,
      'text',
    ];
    for (const error of ours) expect(isOutage(error), String(error)).to.equal(false);
  });
});
