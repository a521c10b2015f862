import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';

// The SQL of src/repositories, by hand.

const USER = `telegram_id AS "telegramId", username, first_name AS "firstName", last_name AS "lastName",
  registration_date AS "registrationDate", last_activity AS "lastActivity", total_xp AS "totalXp", level,
  total_trainings AS "totalTrainings", total_score AS "totalScore"`;

const ONE_USER = `SELECT ${USER} FROM users WHERE telegram_id = $1`;

const SESSION = `
  SELECT ${USER}, s.session_data AS session, s.stats_data AS stats
    FROM users AS u LEFT JOIN bot_sessions AS s ON s.user_id = u.id AND s.bot_name = $2
   WHERE u.telegram_id = $1`;

const LEADERBOARD = `
  SELECT ${USER} FROM users ORDER BY total_xp DESC, id LIMIT $1 OFFSET $2`;

const COUNT = 'SELECT count(*) AS count FROM users';

const RANK = `
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
    FROM me, start`;

/**
 * A bare Express with the API's reads: no token, no check, no log, no models.
 *
 * @returns where it listens
 */
export async function startBareServer(databaseUrl: string): Promise<string> {
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const select = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows;
  const app = express();

  app.get('/v1/users/:telegramId', async (req, res) => {
    const [user] = await select(ONE_USER, [req.params.telegramId]);
    res.json(user);
  });
  app.get('/v1/users/:telegramId/rank', async (req, res) => {
    const [row] = await select(RANK, [req.params.telegramId]);
    res.json(row);
  });
  app.get('/v1/bots/:bot/users/:telegramId/session', async (req, res) => {
    const [row] = await select(SESSION, [req.params.telegramId, req.params.bot]);
    const { session, stats, ...user } = row;
    res.json({ user, session, stats });
  });
  app.get('/v1/leaderboard', async (req, res) => {
    const offset = Number(req.query['offset']);
    const [users, [total]] = await Promise.all([select(LEADERBOARD, [req.query['limit'], offset]), select(COUNT)]);
    res.json({ users: users.map((user, index) => ({ rank: offset + index + 1, ...user })), total: total.count });
  });

  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
