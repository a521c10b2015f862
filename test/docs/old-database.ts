import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';

/** The tables of the old module, as SQLAlchemy makes them on SQLite. */
const tables = `
  CREATE TABLE users (id INTEGER NOT NULL, telegram_id INTEGER NOT NULL, username VARCHAR(255), first_name VARCHAR(255),
    last_name VARCHAR(255), registration_date DATETIME NOT NULL, last_activity DATETIME NOT NULL,
    total_xp INTEGER NOT NULL, level INTEGER NOT NULL, total_trainings INTEGER NOT NULL, total_score INTEGER NOT NULL,
    PRIMARY KEY (id));
  CREATE UNIQUE INDEX ix_users_telegram_id ON users (telegram_id);
  CREATE TABLE user_badges (id INTEGER NOT NULL, user_id INTEGER NOT NULL, badge_type VARCHAR(100) NOT NULL,
    earned_in_bot VARCHAR(100) NOT NULL, earned_at DATETIME NOT NULL, badge_metadata JSON, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);
  CREATE TABLE bot_sessions (id INTEGER NOT NULL, user_id INTEGER NOT NULL, bot_name VARCHAR(100) NOT NULL,
    session_data JSON, stats_data JSON, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);
  CREATE INDEX ix_bot_sessions_bot_name ON bot_sessions (bot_name);
  CREATE TABLE subscriptions (id INTEGER NOT NULL, user_id INTEGER NOT NULL, subscription_type VARCHAR(7) NOT NULL,
    start_date DATETIME NOT NULL, end_date DATETIME, is_active BOOLEAN NOT NULL, auto_renew BOOLEAN NOT NULL,
    credits_total INTEGER, credits_left INTEGER, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);
  CREATE TABLE payments (id INTEGER NOT NULL, user_id INTEGER NOT NULL, amount NUMERIC(10, 2) NOT NULL,
    currency VARCHAR(3) NOT NULL, provider VARCHAR(50) NOT NULL, payment_id VARCHAR(255), status VARCHAR(9) NOT NULL,
    tariff VARCHAR(50) NOT NULL, payment_metadata JSON, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);
  CREATE TABLE promocodes (id INTEGER NOT NULL, code VARCHAR(50) NOT NULL, type VARCHAR(10) NOT NULL,
    value INTEGER NOT NULL, max_uses INTEGER, current_uses INTEGER NOT NULL, expires_at DATETIME,
    created_at DATETIME NOT NULL, PRIMARY KEY (id));
  CREATE UNIQUE INDEX ix_promocodes_code ON promocodes (code);
  CREATE TABLE promocode_usage (id INTEGER NOT NULL, promocode_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
    used_at DATETIME NOT NULL, PRIMARY KEY (id), FOREIGN KEY(promocode_id) REFERENCES promocodes (id) ON DELETE CASCADE,
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);
  CREATE TABLE free_trainings (id INTEGER NOT NULL, user_id INTEGER NOT NULL, trainings_left INTEGER NOT NULL,
    source VARCHAR(9) NOT NULL, created_at DATETIME NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);
  CREATE TABLE training_history (id INTEGER NOT NULL, user_id INTEGER NOT NULL, telegram_id INTEGER NOT NULL,
    training_date DATETIME NOT NULL, scenario_name VARCHAR(100), total_score INTEGER NOT NULL,
    clarity_level INTEGER NOT NULL, question_count INTEGER NOT NULL, contextual_questions INTEGER NOT NULL,
    per_type_counts JSON, case_data JSON, session_snapshot JSON, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE);`;

const when = `'2025-01-15 10:30:00.000000'`;

/** One user, with the same badge twice. */
const rows = `
  INSERT INTO users VALUES (1, 123456, 'johndoe', 'John', NULL, ${when}, ${when}, 500, 5, 10, 1500);
  INSERT INTO user_badges VALUES (1, 1, 'spin_master', 'spin_bot', ${when}, '{"score": 185}');
  INSERT INTO user_badges VALUES (2, 1, 'spin_master', 'spin_bot', ${when}, '{"score": 185}');`;

/** Makes an empty database one of the old module. */
export async function makeOld({ sequelize }: Database): Promise<void> {
  for (const statement of `${tables}${rows}`.split(';').filter((text) => text.trim())) {
    await sequelize.query(statement, { type: QueryTypes.RAW });
  }
}
