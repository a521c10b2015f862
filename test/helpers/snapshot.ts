import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';

// Surrogate ids are left out: PostgreSQL's sequences leave gaps that no user can see. Where order matters, the queries
// sort by them.
const queries = {
  users: `SELECT telegram_id, username, first_name, last_name, registration_date, last_activity, total_xp, level,
    total_trainings, total_score FROM users ORDER BY telegram_id`,
  user_badges: `SELECT u.telegram_id, badge_type, earned_in_bot, earned_at, metadata FROM user_badges t
    JOIN users u ON u.id = t.user_id ORDER BY u.telegram_id, badge_type, earned_in_bot`,
  bot_sessions: `SELECT u.telegram_id, bot_name, session_data, stats_data, session_at, stats_at, created_at, updated_at
    FROM bot_sessions t JOIN users u ON u.id = t.user_id ORDER BY u.telegram_id, bot_name`,
  subscriptions: `SELECT u.telegram_id, subscription_type, start_date, end_date, is_active, auto_renew, granted,
    credits_total, credits_left FROM subscriptions t JOIN users u ON u.id = t.user_id ORDER BY u.telegram_id, t.id`,
  free_trainings: `SELECT u.telegram_id, source, trainings_left, created_at FROM free_trainings t
    JOIN users u ON u.id = t.user_id ORDER BY u.telegram_id, source`,
  payments: `SELECT u.telegram_id, amount, currency, provider, payment_id, status, tariff, t.description, t.metadata,
    t.created_at, t.updated_at, s.granted, s.start_date FROM payments t LEFT JOIN users u ON u.id = t.user_id
    LEFT JOIN subscriptions s ON s.id = t.subscription_id ORDER BY provider, payment_id`,
  promocodes: `SELECT code, type, value, max_uses, current_uses, expires_at, created_at FROM promocodes ORDER BY code`,
  promocode_usage: `SELECT u.telegram_id, p.code, used_at FROM promocode_usage t JOIN users u ON u.id = t.user_id
    JOIN promocodes p ON p.id = t.promocode_id ORDER BY u.telegram_id, p.code`,
  training_history: `SELECT telegram_id, training_date, scenario_name, total_score, clarity_level, question_count,
    contextual_questions, per_type_counts, case_data, session_snapshot FROM training_history ORDER BY telegram_id, id`,
  outbox: `SELECT u.telegram_id, bot_name, type, payload, created_at, delivered_at FROM outbox t
    JOIN users u ON u.id = t.user_id ORDER BY u.telegram_id, t.id`,
  deleted_users: 'SELECT telegram_id, deleted_at FROM deleted_users ORDER BY telegram_id',
  idempotency_keys: 'SELECT bot_name, key, telegram_id, content_hash FROM idempotency_keys ORDER BY bot_name, key',
  idempotency_key_users: 'SELECT * FROM idempotency_key_users ORDER BY bot_name, key, telegram_id',
};

/** Everything that is stored, in a form that two databases can be compared by. */
export async function snapshot({ sequelize }: Database): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const [table, query] of Object.entries(queries)) {
    tables[table] = await sequelize.query(query, { type: QueryTypes.SELECT });
  }
  for (const row of tables['outbox'] as { payload: unknown }[]) row.payload = withoutIds(row.payload);
  return JSON.parse(JSON.stringify(tables));
}

/** The payload of an event, which SQLite gives as text; of its subscription only whether there is one. */
function withoutIds(payload: unknown): unknown {
  const read = typeof payload === 'string' ? JSON.parse(payload) : payload;
  return 'subscriptionId' in read ? { ...read, subscriptionId: read.subscriptionId !== null } : read;
}
