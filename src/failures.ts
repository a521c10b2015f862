import { ConnectionError, DatabaseError } from 'sequelize';
import { LateError } from './deadline.js';

/**
 * What kind of failure a driver reports:
 * `race`, another transaction was faster: run it again;
 * `deadlock`, two transactions waited for each other: run it again;
 * `values`, some value does not fit: find whose;
 * `locked`, somebody else holds a row for too long: go on without it;
 * `slow`, one statement took too long: do less at once, or wait if nobody answers;
 * `away`, it refuses everyone: wait;
 * `unknown`, none of these.
 */
export type FailureKind = 'race' | 'deadlock' | 'values' | 'locked' | 'slow' | 'away' | 'unknown';

interface Failure {
  readonly kind: FailureKind;
  /** What a person can do about it. */
  readonly remedy?: string;
}

const away = (remedy?: string): Failure => ({ kind: 'away', ...(remedy === undefined ? {} : { remedy }) });

const FREE_DISK = 'the disk is full: make room on it';
const ALLOW_FILE = 'check that this user may write the file of DATABASE_URL and its directory';
const RESTORE_FILE = 'the file of DATABASE_URL is damaged, or no database: restore it from a backup';
const CHECK_LOGIN = 'check the user and the password in DATABASE_URL, and pg_hba.conf';

// By SQLSTATE, or by its class, which is its first two characters.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
// SQLite's: https://www.sqlite.org/rescode.html. Sockets': https://nodejs.org/api/errors.html#common-system-errors
const FAILURES: Readonly<Record<string, Failure>> = {
  '40001': { kind: 'deadlock' },
  '40P01': { kind: 'deadlock' },
  '23505': { kind: 'race' },
  // The connection is gone, because this process was frozen or busy in mid-transaction; the database is there.
  '25P03': { kind: 'race' },
  '25P04': { kind: 'slow' },
  '57014': { kind: 'slow' },
  '55P03': { kind: 'locked' },
  '21': { kind: 'values' },
  '22': { kind: 'values' },
  '23': { kind: 'values' },
  '54': { kind: 'values' },
  '25006': away('it can only be read: point DATABASE_URL at the primary, or let it accept writes again'),
  '53100': away(FREE_DISK),
  '53200': away('it is out of memory: give its machine more, or lower DATABASE_POOL_SIZE'),
  '53300': away('it has too many connections: raise max_connections, or lower DATABASE_POOL_SIZE'),
  '08': away(),
  '28': away(CHECK_LOGIN),
  '3D': away('there is no such database: check its name in DATABASE_URL, or create it'),
  '53': away(),
  '57': away(),
  '58': away(),
  SQLITE_CONSTRAINT: { kind: 'values' },
  SQLITE_MISMATCH: { kind: 'values' },
  SQLITE_RANGE: { kind: 'values' },
  SQLITE_TOOBIG: { kind: 'values' },
  SQLITE_BUSY: away('another program keeps the file locked: end its transaction'),
  SQLITE_CANTOPEN: away(ALLOW_FILE),
  SQLITE_PERM: away(ALLOW_FILE),
  SQLITE_READONLY: away(ALLOW_FILE),
  SQLITE_FULL: away(FREE_DISK),
  SQLITE_IOERR: away('the disk fails: look into the log of the system'),
  SQLITE_CORRUPT: away(RESTORE_FILE),
  SQLITE_NOTADB: away(RESTORE_FILE),
  ECONNREFUSED: away('nobody listens there: check the address, and that it runs'),
  ECONNRESET: away(),
  EHOSTUNREACH: away('there is no way to this host: check the address and the network'),
  ENETUNREACH: away('there is no way to this host: check the address and the network'),
  ENOTFOUND: away('nobody knows this host: check the address'),
  EAI_AGAIN: away('the name service does not answer: check the address and the network'),
  EPIPE: away(),
  ETIMEDOUT: away('there is no answer: check the address, the network and the firewall'),
};

// A table or a column is missing. Whoever waits for the migrations is told; it is no outage for who reads.
const NO_SCHEMA = /^42(P01|703)$/;

/** What kind of failure this is, whichever driver reports it. */
export function kindOf(error: unknown): FailureKind {
  const cause = causeOf(error);
  const kind = failureOf(cause)?.kind;
  if (kind) return kind;
  if (error instanceof ConnectionError || error instanceof LateError) return 'away';
  if (!(cause instanceof Error)) return 'unknown';
  if (isUnanswered(cause)) return 'slow';
  return isLostConnection(cause) ? 'away' : 'unknown';
}

/** Whether an error means that the database or Redis is away, and the same request may succeed later. */
export const isOutage = (error: unknown): boolean => ['away', 'locked', 'slow'].includes(kindOf(error));

/** What a person reads of a database that does not work, with the remedy where there is one; no address, no password. */
export function describeOutage(error: unknown): string {
  const cause = causeOf(error);
  const { message, code } = cause as { message?: string; code?: unknown };
  const remedy = failureOf(cause)?.remedy ?? (NO_SCHEMA.test(String(code)) ? 'run `botledger migrate`' : undefined);
  const what = message || String(code ?? cause);
  return remedy === undefined ? what : `${what}: ${remedy}`;
}

/**
 * Whether a connection is not worth another word after this: nobody answers there, or it leads to a server that takes no
 * writes, as a demoted primary, where the next connection may lead to another.
 */
export const isOfNoUse = (error: unknown): boolean => codeOf(error) === '25006' || isUnanswered(error);

function failureOf(cause: unknown): Failure | undefined {
  const code = codeOf(cause);
  if (code === undefined) return undefined;
  const isSqlState = /^[0-9A-Z]{5}$/.test(code) && code !== 'EPIPE';
  return FAILURES[code] ?? (isSqlState ? FAILURES[code.slice(0, 2)] : undefined);
}

/** What the driver said; Sequelize wraps it, and Node.js gathers those of a name with several addresses. */
function causeOf(error: unknown): unknown {
  if (error instanceof DatabaseError || error instanceof ConnectionError)
    return causeOf(error.parent ?? undefined) ?? error;
  if (error instanceof AggregateError && codeOf(error) === undefined) return error.errors[0];
  return error;
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** pg gives its own time limit no code. */
const isUnanswered = (error: unknown) => error instanceof Error && error.message.startsWith('Query read timeout');

/** pg and ioredis give these no code. */
function isLostConnection({ name, message }: Error): boolean {
  return (
    name === 'MaxRetriesPerRequestError' ||
    /^Connection (is closed|terminated)|^Stream isn't writeable|^Client has encountered a connection error|^timeout e/.test(
      message,
    )
  );
}
