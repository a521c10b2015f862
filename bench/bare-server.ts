import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';
import type { Statement } from '../src/database.js';
import { LEADERBOARD, RANK, SESSION, USER } from '../src/repositories/statements.js';

/**
 * A bare Express with the API's reads: the same statements, prepared; no token, no check, no log.
 *
 * @returns where it listens
 */
export async function startBareServer(databaseUrl: string): Promise<string> {
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const select = async (statement: Statement, values: unknown[]) => (await pool.query({ ...statement, values })).rows;
  const app = express();

  app.get('/v1/users/:telegramId', async (req, res) => {
    const [user] = await select(USER, [req.params.telegramId]);
    res.json(user);
  });
  app.get('/v1/users/:telegramId/rank', async (req, res) => {
    const [row] = await select(RANK, [req.params.telegramId]);
    res.json(row);
  });
  app.get('/v1/bots/:bot/users/:telegramId/session', async (req, res) => {
    const [row] = await select(SESSION, [req.params.telegramId, req.params.bot]);
    const { session, stats, sessionAt, statsAt, ...user } = row;
    res.json({ user, session, stats, sessionAt, statsAt });
  });
  app.get('/v1/leaderboard', async (req, res) => {
    const offset = Number(req.query['offset']);
    const rows = await select(LEADERBOARD, [req.query['limit'], offset]);
    const users = rows.map(({ total, ...user }, index) => ({ rank: offset + index + 1, ...user }));
    res.json({ users, total: rows[0].total });
  });

  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
