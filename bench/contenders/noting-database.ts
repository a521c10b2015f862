import { Database, type DatabaseOptions, type SqlSession } from '../../src/database.js';
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
        send(statement, values) {
          if (statement.text.startsWith('INSERT INTO idempotency_keys')) keys = values.flat().filter(isKey);
          session.send(statement, values);
        },
      });
    });
    this.#note(keys);
    return result;
  }
}

const isKey = (value: unknown): value is string => typeof value === 'string' && value.startsWith(KEY_PREFIX);
