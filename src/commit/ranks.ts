import type { Dialect, SqlSession, Statement } from '../database.js';
import { bucketChanges, type Place } from '../domain/leaderboard.js';
import type { WorkingSet } from './working-set.js';

const MARKS: Statement = {
  name: 'botledger_rank_marks',
  text: 'SELECT -minus_xp AS "totalXp", user_id AS id FROM rank_marks ORDER BY mark',
};

const BOOK: Record<Dialect, Statement> = {
  postgres: {
    name: 'botledger_rank_book',
    text: 'INSERT INTO rank_counts (bucket, users) SELECT * FROM unnest($1::int[], $2::int[])',
  },
  sqlite: {
    name: 'botledger_rank_book',
    text: "INSERT INTO rank_counts (bucket, users) SELECT value ->> '$[0]', value ->> '$[1]' FROM json_each(?1)",
  },
};

/** Books the users that commits move between the buckets of the leaderboard. Knows the marks as of the last commit. */
export class RankKeeper {
  #version: number | undefined;
  #marks: readonly Place[] = [];

  /** Fetches the marks of this version, if they are not known yet. */
  async catchUp(session: SqlSession, version: number): Promise<void> {
    if (version === this.#version) return;
    this.#marks = (await session.query(MARKS, [])) as unknown as Place[];
    this.#version = version;
  }

  /** Which marks are known; undefined before the first commit. */
  get version(): number | undefined {
    return this.#version;
  }

  /** Whom the batch moves between buckets, by the marks that are known: by how many users each bucket grows. */
  changes(rows: WorkingSet): [bucket: number, users: number][] {
    return this.#marks.length === 0 ? [] : [...bucketChanges(this.#marks, rows.moves())];
  }

  /** Books what the batch has changed, in its transaction. */
  book(session: SqlSession, rows: WorkingSet): void {
    const changes = this.changes(rows);
    if (changes.length === 0) return;
    const values =
      session.dialect === 'postgres'
        ? [changes.map(([bucket]) => bucket), changes.map(([, users]) => users)]
        : [JSON.stringify(changes)];
    session.send(BOOK[session.dialect], values);
  }
}
