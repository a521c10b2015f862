import type { Statement } from '../database.js';
import type { UserView } from '../domain/views.js';

// What bots ask for with each update, and what grows with the number of users: by hand, so that it is prepared once per
// connection and makes no models. The bench runs the same statements from a bare handler.

const columns: Record<keyof UserView, string> = {
  telegramId: 'telegram_id',
  username: 'username',
  firstName: 'first_name',
  lastName: 'last_name',
  registrationDate: 'registration_date',
  lastActivity: 'last_activity',
  totalXp: 'total_xp',
  level: 'level',
  totalTrainings: 'total_trainings',
  totalScore: 'total_score',
};
const USER_COLUMNS = Object.entries(columns)
  .map(([property, column]) => `u.${column} AS "${property}"`)
  .join(', ');

/** A user by `$1`, the Telegram id. */
export const USER: Statement = {
  name: 'botledger_read_user',
  text: `SELECT ${USER_COLUMNS} FROM users AS u WHERE u.telegram_id = $1`,
};

const SESSION_OF_USER = 'FROM bot_sessions AS s WHERE s.user_id = u.id AND s.bot_name = $2';

/**
 * A user by `$1`, the Telegram id, with the session and the stats of `$2`, the bot, where there are some. Not a join:
 * planned while the table was empty, that would later read all sessions of the bot.
 */
export const SESSION: Statement = {
  name: 'botledger_read_session',
  text: `SELECT ${USER_COLUMNS},
      (SELECT s.session_data ${SESSION_OF_USER}) AS session, (SELECT s.stats_data ${SESSION_OF_USER}) AS stats,
      (SELECT s.session_at ${SESSION_OF_USER}) AS "sessionAt", (SELECT s.stats_at ${SESSION_OF_USER}) AS "statsAt"
    FROM users AS u WHERE u.telegram_id = $1`,
};

/** The sessions of `$1`, a bot, latest users first: `$3` of those before `$2`, the id of a user. */
export const SESSIONS: Statement = {
  name: 'botledger_read_sessions',
  text: `SELECT s.user_id AS id, u.telegram_id AS "telegramId", s.session_data AS session, s.stats_data AS stats,
      s.session_at AS "sessionAt", s.stats_at AS "statsAt"
    FROM bot_sessions AS s JOIN users AS u ON u.id = s.user_id
    WHERE s.bot_name = $1 AND s.user_id < CAST($2 AS BIGINT) ORDER BY s.user_id DESC LIMIT $3`,
};

/** Buckets hold every user, where there are buckets. */
const TOTAL = 'COALESCE((SELECT CAST(sum(users) AS BIGINT) FROM rank_counts), (SELECT count(*) FROM users))';

/** How many users there are. */
export const COUNT: Statement = { name: 'botledger_read_count', text: `SELECT ${TOTAL} AS count` };

/**
 * The place of `$1`, a Telegram id, on the leaderboard.
 *
 * Above a user are the buckets above theirs (src/domain/leaderboard.ts), and who is before them in their own: from its
 * mark on. Without marks the one bucket begins before everybody. Counts are apart by whether the XP is the same, because
 * one condition with OR would scan the table. One statement, so that all its numbers are of one moment.
 */
export const RANK: Statement = {
  name: 'botledger_read_rank',
  text: `
  WITH me AS (SELECT total_xp, id FROM users WHERE telegram_id = $1),
    mark AS (
      SELECT mark, -minus_xp AS total_xp, user_id FROM rank_marks
       WHERE (minus_xp, user_id) <= ((SELECT -total_xp FROM me), (SELECT id FROM me))
       ORDER BY minus_xp DESC, user_id DESC LIMIT 1),
    start AS (
      SELECT mark, total_xp, user_id FROM mark
       UNION ALL SELECT 0, 9007199254740991, 0 WHERE NOT EXISTS (SELECT 1 FROM mark))
  SELECT 1
       + COALESCE((SELECT sum(c.users) FROM rank_counts AS c WHERE c.bucket < start.mark), 0)
       + (SELECT count(*) FROM users AS u WHERE u.total_xp > me.total_xp AND u.total_xp < start.total_xp)
       + CASE WHEN start.total_xp > me.total_xp
           THEN (SELECT count(*) FROM users AS u WHERE u.total_xp = start.total_xp AND u.id >= start.user_id)
              + (SELECT count(*) FROM users AS u WHERE u.total_xp = me.total_xp AND u.id < me.id)
           ELSE (SELECT count(*) FROM users AS u
                  WHERE u.total_xp = me.total_xp AND u.id >= start.user_id AND u.id < me.id)
         END AS rank
    FROM me, start`,
};

/**
 * A page of the leaderboard: `$1` users after the first `$2`, and in `total` how many there are. Where the page is empty
 * there is one row with the total alone.
 *
 * The way to a page is walked from the mark of the last bucket that begins at or before it: the numbers of all buckets
 * are added up for that, unless the page begins in the first. That one, like the only one where there are no marks,
 * begins before everybody. One statement, so that places, users and total are of one moment.
 */
export const LEADERBOARD: Statement = {
  name: 'botledger_read_leaderboard',
  text: `
  WITH counts AS (
      SELECT bucket, CAST(sum(users) AS BIGINT) AS users FROM rank_counts
       WHERE $2 >= (SELECT sum(users) FROM rank_counts WHERE bucket = 0) GROUP BY bucket),
    begins AS (SELECT bucket, CAST(sum(users) OVER (ORDER BY bucket) AS BIGINT) - users AS place FROM counts),
    here AS (SELECT bucket, place FROM begins WHERE place <= $2 ORDER BY bucket DESC LIMIT 1),
    start AS (
      SELECT -m.minus_xp AS total_xp, m.user_id AS id, $2 - here.place AS skip
        FROM here JOIN rank_marks AS m ON m.mark = here.bucket
       UNION ALL SELECT 9007199254740991, 0, $2 WHERE NOT EXISTS (SELECT 1 FROM here)),
    way AS (
      SELECT * FROM (
        SELECT * FROM users WHERE total_xp = (SELECT total_xp FROM start) AND id >= (SELECT id FROM start)
         ORDER BY id LIMIT (SELECT skip FROM start) + $1) AS equals
       UNION ALL SELECT * FROM (
        SELECT * FROM users WHERE total_xp < (SELECT total_xp FROM start)
         ORDER BY total_xp DESC, id LIMIT (SELECT skip FROM start) + $1) AS others),
    page AS (SELECT * FROM way ORDER BY total_xp DESC, id LIMIT $1 OFFSET (SELECT skip FROM start))
  SELECT total.total, ${USER_COLUMNS}
    FROM (SELECT ${TOTAL} AS total) AS total LEFT JOIN page AS u ON true
   ORDER BY u.total_xp DESC, u.id`,
};
