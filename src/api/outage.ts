import { ConnectionError, DatabaseError } from 'sequelize';
import { LateError } from '../deadline.js';

// SQLSTATE classes and codes by which PostgreSQL says that it cannot work now.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const AWAY_CLASSES = new Set([
  '08', // connection exception
  '53', // insufficient resources
  '57', // operator intervention: shutdown, statement time-out
  '58', // system error
]);
const LOCK_NOT_AVAILABLE = '55P03';
const READ_ONLY = '25006';

// https://www.sqlite.org/rescode.html
const SQLITE_AWAY = new Set(['SQLITE_BUSY', 'SQLITE_CANTOPEN', 'SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY']);

const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'EPIPE', 'ETIMEDOUT']);

/** Whether an error means that the database or Redis is away, and the same request may succeed later. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof LateError) return true;
  const cause: unknown = error instanceof DatabaseError ? error.parent : error;
  if (!(cause instanceof Error)) return false;
  const { code } = cause as { code?: unknown };
  return (typeof code === 'string' && isAwayCode(code)) || isLostConnection(cause);
}

function isAwayCode(code: string): boolean {
  if (SQLITE_AWAY.has(code) || SOCKET_CODES.has(code)) return true;
  return (
    /^[0-9A-Z]{5}$/.test(code) && (AWAY_CLASSES.has(code.slice(0, 2)) || [LOCK_NOT_AVAILABLE, READ_ONLY].includes(code))
  );
}

/** pg and ioredis give these no code. */
function isLostConnection({ name, message }: Error): boolean {
  return (
    name === 'MaxRetriesPerRequestError' ||
    /^Connection (is closed|terminated)|^Stream isn't writeable|^Client has encountered a connection error|^Query read timeout/.test(
      message,
    )
  );
}
