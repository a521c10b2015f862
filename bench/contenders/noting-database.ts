import { Database, type DatabaseOptions, type Row, type SqlSession, type Statement } from '../../src/database.js';
import { KEY_PREFIX } from '../workload.js';
import type { Note } from './contender.js';

/** A database that tells which units its transactions committed, from the ledger rows they insert. */
export class NotingDatabase extends Database {
  readonly #note: Note;

  constructor(options: DatabaseOptions, note: Note) {
    super(options);
    this.#note = note;
  }

  override async transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    let keys: string[] = [];
    const result = await super.transaction((session) => {
      keys = [];
      return work({
        dialect: session.dialect,
        query: (statement, values) => session.query(statement, values),
        send(statement, values, onRows) {
          if (writesLedger(statement)) keys = values.flat().filter(isKey);
          session.send(statement, values, onRows);
        },
      });
    });
    this.#note(keys);
    return result;
  }

  override async write(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const rows = await super.write(statement, values);
    if (writesLedger(statement) && rows.length > 0) this.#note(values.filter(isKey));
    return rows;
  }
}

const writesLedger = ({ text }: Statement) => text.includes('INSERT INTO idempotency_keys');

const isKey = (value: unknown): value is string => typeof value === 'string' && value.startsWith(KEY_PREFIX);
