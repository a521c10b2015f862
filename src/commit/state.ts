import type { Dialect, SqlSession, Statement } from '../database.js';

/** What a commit has to know besides its own rows. */
export interface LedgerState {
  /** Which marks the leaderboard is cut by; they stay until the end of the transaction. */
  readonly rankVersion: number;
  /** When the last of all deletions was made; undefined while nobody was ever deleted. */
  readonly lastDeletion: Date | undefined;
}

const LAST_DELETION = '(SELECT max(deleted_at) FROM deleted_users) AS "lastDeletion"';

const STATE: Record<Dialect, Statement> = {
  postgres: {
    name: 'botledger_state',
    text: `SELECT botledger_rank_version() AS "rankVersion", ${LAST_DELETION}`,
  },
  sqlite: { name: 'botledger_state', text: `SELECT version AS "rankVersion", ${LAST_DELETION} FROM rank_state` },
};

/** Reads the state; where deletions matter, the users must be locked before. */
export async function readState(session: SqlSession): Promise<LedgerState> {
  const [row] = await session.query(STATE[session.dialect], []);
  const { rankVersion, lastDeletion } = row as { rankVersion: number; lastDeletion: Date | string | null };
  return { rankVersion, lastDeletion: lastDeletion === null ? undefined : new Date(lastDeletion) };
}
