/**
 * Ranks in a few milliseconds, however many users there are: the leaderboard is cut into buckets by marks, and every
 * commit books how many users it moved from one bucket to another. See src/domain/leaderboard.ts.
 */

const tables = [
  // One row. Version 0: there are no marks, and ranks are counted out.
  'CREATE TABLE rank_state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)',
  'INSERT INTO rank_state (id, version) VALUES (1, 0)',
  // The first place of each bucket, in the order of the leaderboard. XP is negated, so that both columns rise with it.
  'CREATE TABLE rank_marks (mark INTEGER PRIMARY KEY, minus_xp BIGINT NOT NULL, user_id BIGINT NOT NULL)',
  'CREATE INDEX rank_marks_place ON rank_marks (minus_xp, user_id)',
  // How many users are in a bucket: the sum of its rows. Commits only ever add rows, so they never wait for each other.
  'CREATE TABLE rank_counts (bucket INTEGER NOT NULL, users INTEGER NOT NULL)',
  'CREATE INDEX rank_counts_bucket ON rank_counts (bucket, users)',
];

// A commit may see the marks change only between two commits. The lock is taken before the version is read: in a
// volatile function each statement sees what was committed before that statement.
const postgresFunction = `
  CREATE FUNCTION botledger_rank_version() RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(7226012);
    RETURN (SELECT version FROM rank_state);
  END $$`;

/** @param {import('sequelize').QueryInterface} queryInterface @param {string[]} statements */
function runAll({ sequelize }, statements) {
  return sequelize.transaction(async (transaction) => {
    for (const statement of statements) await sequelize.query(statement, { transaction });
  });
}

const onPostgres = ({ sequelize }) => sequelize.getDialect() === 'postgres';

module.exports = {
  /** @param {import('sequelize').QueryInterface} queryInterface */
  up: (queryInterface) =>
    runAll(queryInterface, [...tables, ...(onPostgres(queryInterface) ? [postgresFunction] : [])]),

  /** @param {import('sequelize').QueryInterface} queryInterface */
  down: (queryInterface) =>
    runAll(queryInterface, [
      ...(onPostgres(queryInterface) ? ['DROP FUNCTION botledger_rank_version()'] : []),
      'DROP TABLE rank_counts',
      'DROP TABLE rank_marks',
      'DROP TABLE rank_state',
    ]),
};
