import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';

/** The words in which SQLAlchemy makes a table on each database. */
const words = {
  postgres: {
    id: 'SERIAL PRIMARY KEY',
    time: 'TIMESTAMP WITHOUT TIME ZONE',
    type: 'subscriptiontype',
    status: 'paymentstatus',
    source: 'freetrainingsource',
    code: 'promocodetype',
  },
  sqlite: {
    id: 'INTEGER NOT NULL PRIMARY KEY',
    time: 'DATETIME',
    type: 'VARCHAR(7)',
    status: 'VARCHAR(9)',
    source: 'VARCHAR(9)',
    code: 'VARCHAR(10)',
  },
};

const enums = [
  "CREATE TYPE subscriptiontype AS ENUM ('MONTH', 'YEAR', 'CREDITS')",
  "CREATE TYPE paymentstatus AS ENUM ('PENDING', 'COMPLETED', 'FAILED', 'REFUNDED')",
  "CREATE TYPE freetrainingsource AS ENUM ('CHANNEL', 'PROMOCODE', 'ADMIN')",
  "CREATE TYPE promocodetype AS ENUM ('TRAININGS', 'FREE_MONTH', 'CREDITS')",
];

const schema = ({ id, time, type, status, source, code }: (typeof words)['postgres']) => `
  CREATE TABLE users (id ${id}, telegram_id INTEGER NOT NULL, username VARCHAR(255), first_name VARCHAR(255),
    last_name VARCHAR(255), registration_date ${time}, last_activity ${time}, total_xp INTEGER, level INTEGER,
    total_trainings INTEGER, total_score INTEGER);
  CREATE UNIQUE INDEX ix_users_telegram_id ON users (telegram_id);
  CREATE TABLE user_badges (id ${id}, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    badge_type VARCHAR(100) NOT NULL, earned_in_bot VARCHAR(50) NOT NULL, earned_at ${time}, badge_metadata JSON);
  CREATE TABLE bot_sessions (id ${id}, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    bot_name VARCHAR(50) NOT NULL, session_data JSON, stats_data JSON, created_at ${time}, updated_at ${time});
  CREATE INDEX ix_bot_sessions_bot_name ON bot_sessions (bot_name);
  CREATE TABLE subscriptions (id ${id}, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subscription_type ${type} NOT NULL, start_date ${time}, end_date ${time}, is_active BOOLEAN, auto_renew BOOLEAN,
    credits_total INTEGER, credits_left INTEGER);
  CREATE TABLE payments (id ${id}, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    amount NUMERIC(10, 2) NOT NULL, currency VARCHAR(3), provider VARCHAR(50) NOT NULL, payment_id VARCHAR(255),
    status ${status} NOT NULL, tariff VARCHAR(50) NOT NULL, description VARCHAR(500), payment_metadata JSON,
    created_at ${time}, updated_at ${time});
  CREATE TABLE promocodes (id ${id}, code VARCHAR(50) NOT NULL, type ${code} NOT NULL, value INTEGER NOT NULL,
    max_uses INTEGER, current_uses INTEGER, expires_at ${time}, created_at ${time});
  CREATE UNIQUE INDEX ix_promocodes_code ON promocodes (code);
  CREATE TABLE promocode_usage (id ${id}, promocode_id INTEGER NOT NULL REFERENCES promocodes (id),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, used_at ${time});
  CREATE TABLE free_trainings (id ${id}, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    trainings_left INTEGER NOT NULL, source ${source} NOT NULL, created_at ${time});
  CREATE TABLE training_history (id ${id}, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    telegram_id INTEGER NOT NULL, training_date ${time} NOT NULL, scenario_name VARCHAR(100), total_score INTEGER,
    clarity_level INTEGER, question_count INTEGER, contextual_questions INTEGER, per_type_counts JSON, case_data JSON,
    session_snapshot JSON)`;

const early = `'2025-01-15 10:30:00.123456'`;
const late = `'2025-02-20 08:00:00.000000'`;

/** What the old module leaves behind: duplicates, several active subscriptions, codes in small letters, gaps. */
const rows = `
  INSERT INTO users VALUES (3, 123456, 'johndoe', 'John', NULL, ${early}, ${late}, 500, 5, 10, 1500);
  INSERT INTO users VALUES (7, 654321, NULL, 'Юля', NULL, NULL, ${late}, 0, 1, NULL, NULL);
  INSERT INTO user_badges VALUES (1, 3, 'spin_master', 'spin_bot', ${late}, '{"score": 190}');
  INSERT INTO user_badges VALUES (2, 3, 'spin_master', 'spin_bot', ${early}, '{"score": 185}');
  INSERT INTO user_badges VALUES (3, 3, 'spin_master', 'quiz_bot', ${late}, NULL);
  INSERT INTO bot_sessions VALUES (1, 3, 'spin_bot', '{"question_count": 5}', NULL, ${early}, ${late});
  INSERT INTO subscriptions VALUES (1, 3, 'MONTH', ${early}, ${early}, TRUE, FALSE, NULL, NULL);
  INSERT INTO subscriptions VALUES (2, 3, 'YEAR', ${early}, ${late}, TRUE, TRUE, NULL, NULL);
  INSERT INTO subscriptions VALUES (3, 3, 'CREDITS', ${early}, NULL, TRUE, FALSE, 5, 2);
  INSERT INTO subscriptions VALUES (4, 3, 'CREDITS', ${late}, NULL, TRUE, FALSE, 10, 10);
  INSERT INTO subscriptions VALUES (5, 7, 'CREDITS', ${late}, NULL, FALSE, FALSE, 10, 1);
  INSERT INTO payments VALUES (1, 3, 990.50, 'RUB', 'yookassa', 'p-1', 'COMPLETED', 'month', NULL, '{"a": 1}', ${early}, NULL);
  INSERT INTO payments VALUES (2, 3, 10, NULL, 'yookassa', NULL, 'PENDING', 'month', NULL, NULL, ${early}, ${late});
  INSERT INTO promocodes VALUES (1, 'елка2025', 'FREE_MONTH', 1, 2, 3, NULL, ${early});
  INSERT INTO promocode_usage VALUES (1, 1, 3, ${early});
  INSERT INTO promocode_usage VALUES (2, 1, 3, ${late});
  INSERT INTO free_trainings VALUES (1, 3, 2, 'CHANNEL', ${early});
  INSERT INTO free_trainings VALUES (2, 3, 3, 'CHANNEL', ${late});
  INSERT INTO training_history VALUES (1, 3, 123456, ${early}, 'spin_sales', 185, 92, 8, 3, '{"problem": 3}', NULL, NULL)`;

/** Makes an empty database one of the Python module, as SQLAlchemy would, with rows as it left them. */
export async function makePythonDatabase(database: Database): Promise<void> {
  const { dialect } = database;
  const statements = [...(dialect === 'postgres' ? enums : []), ...`${schema(words[dialect])};${rows}`.split(';')];
  for (const sql of statements) await database.sequelize.query(sql, { type: QueryTypes.RAW });
  if (dialect === 'sqlite') return;
  for (const table of ['users', 'subscriptions', 'payments']) {
    await database.sequelize.query(`SELECT setval('${table}_id_seq', 100)`);
  }
}
