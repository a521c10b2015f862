import type { Database, Dialect, SqlSession, Statement } from '../database.js';

/** What refreshing needs. */
export interface RefreshDependencies {
  database: Database;
  /** Users per bucket right after the cut: few enough to count at once, many enough to keep the sum short. */
  bucketSize?: number;
  /** With fewer users than this, ranks are counted out, and commits book nothing. */
  worthwhile?: number;
}

/** A bucket that grew to this many times its size makes a new cut due. */
const OVERFULL = 8;

/**
 * Keeps ranks fast: sums up what commits have booked and, when a bucket of the leaderboard has grown too large, cuts it
 * anew. Commits wait while it is cut: about a second per million users.
 *
 * @returns how many buckets there are, and whether they were cut anew
 */
export function refreshRanks({
  database,
  bucketSize = 512,
  worthwhile = 20_000,
}: RefreshDependencies): Promise<{ buckets: number; cut: boolean }> {
  return database.transaction(async (session) => {
    const run = runner(session);
    await run('lockOut');
    await run('compact');
    await run('compactRest');
    const [{ buckets, largest, enough }] = (await run('state', worthwhile)) as unknown as [State];
    const wanted = Boolean(enough);
    const due = wanted ? buckets === 0 || largest > OVERFULL * bucketSize : buckets > 0;
    if (!due) return { buckets, cut: false };
    return { buckets: await cut(run, wanted ? bucketSize : undefined), cut: true };
  });
}

interface State {
  buckets: number;
  /** Users in the largest bucket. */
  largest: number;
  /** Whether there are enough users to make it worth while. */
  enough: boolean | number;
}

type Run = (name: keyof typeof texts, ...values: unknown[]) => Promise<Record<string, unknown>[]>;

/** Cuts the leaderboard into buckets of this size, or into none; returns how many there are. */
async function cut(run: Run, bucketSize: number | undefined): Promise<number> {
  await run('lockCommits');
  await run('clearMarks');
  await run('clearCounts');
  await run('nextVersion');
  if (bucketSize === undefined) return 0;
  await run('firstMark');
  const marks = await run('makeMarks', bucketSize);
  await run('makeCounts', bucketSize);
  return marks.length + 1;
}

/** Places are numbered from 0 in the order of the leaderboard; bucket n holds the places from n × size. */
const NUMBERED = 'SELECT total_xp, id, row_number() OVER (ORDER BY total_xp DESC, id) - 1 AS place FROM users';

const texts = {
  // One refresh at a time, in whatever process.
  lockOut: { postgres: 'SELECT pg_advisory_xact_lock(7226013)', sqlite: 'SELECT 1' },
  // See botledger_rank_version() in the migration: no commit is between reading the version and its end.
  lockCommits: { postgres: 'SELECT pg_advisory_xact_lock(7226012)', sqlite: 'SELECT 1' },
  // Rows that commits add meanwhile are not seen here, and stay as they are.
  compact: {
    postgres: `WITH booked AS (DELETE FROM rank_counts RETURNING bucket, users)
      INSERT INTO rank_counts SELECT bucket, sum(users) FROM booked GROUP BY bucket`,
    sqlite: `UPDATE rank_counts SET users = (SELECT sum(users) FROM rank_counts AS b WHERE b.bucket = rank_counts.bucket)
      WHERE rowid IN (SELECT min(rowid) FROM rank_counts GROUP BY bucket)`,
  },
  compactRest: {
    postgres: 'SELECT 1',
    sqlite: 'DELETE FROM rank_counts WHERE rowid NOT IN (SELECT min(rowid) FROM rank_counts GROUP BY bucket)',
  },
  state: both(
    (worthwhile) => `SELECT (SELECT count(*) FROM rank_marks) AS buckets,
      COALESCE((SELECT max(users) FROM rank_counts), 0) AS largest,
      (SELECT count(*) FROM (SELECT 1 FROM users LIMIT ${worthwhile}) AS first_users) >= ${worthwhile} AS enough`,
  ),
  clearMarks: same('DELETE FROM rank_marks'),
  clearCounts: same('DELETE FROM rank_counts'),
  nextVersion: same('UPDATE rank_state SET version = version + 1'),
  // Before everybody, so that every place has a bucket.
  firstMark: same('INSERT INTO rank_marks (mark, minus_xp, user_id) VALUES (0, -9007199254740991, 0)'),
  makeMarks: both(
    (size) => `INSERT INTO rank_marks (mark, minus_xp, user_id)
      SELECT place / ${size}, -total_xp, id FROM (${NUMBERED}) AS numbered WHERE place > 0 AND place % ${size} = 0
      RETURNING mark`,
  ),
  makeCounts: both(
    (size) => `INSERT INTO rank_counts (bucket, users)
      SELECT place / ${size}, count(*) FROM (${NUMBERED}) AS numbered GROUP BY place / ${size}`,
  ),
};

function same(text: string): Record<Dialect, string> {
  return { postgres: text, sqlite: text };
}

function both(text: (size: string) => string): Record<Dialect, string> {
  return { postgres: text('$1::int'), sqlite: text('?1') };
}

function runner(session: SqlSession): Run {
  return (name, ...values) => {
    const statement: Statement = { name: `botledger_ranks_${name}`, text: texts[name][session.dialect] };
    return session.query(statement, values);
  };
}
