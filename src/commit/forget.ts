import type { Dialect, SqlSession, Statement } from '../database.js';
import { encoderOf } from './encoding.js';
import type { Tables } from './tables.js';
import type { Forgotten } from './working-set.js';

type Parameter = (n: number) => string;
type Run = (name: string, text: (p: Parameter) => string, ...values: unknown[]) => void;

const parameter = { postgres: (n: number) => `$${n}`, sqlite: (n: number) => `?${n}` };

/** Deletes a user from every table and from stored outcomes, and leaves a tombstone. */
export function forgetUser(session: SqlSession, tables: Tables, user: Forgotten): void {
  const run: Run = (name, text, ...values) => session.send(statement(session, name, text), values);

  if (user.keepPayments) {
    run(
      'payments',
      (p) => `UPDATE payments SET user_id = NULL, description = NULL, metadata = NULL WHERE user_id = ${p(1)}`,
      user.id,
    );
  }
  run('user', (p) => `DELETE FROM users WHERE id = ${p(1)}`, user.id);
  forgetOutcomes(run, session.dialect, user.telegramId);

  const deletedAt = tables.tombstones.columns.find(({ property }) => property === 'deletedAt');
  if (!deletedAt) throw new Error('deleted_users has no column for the time');
  run(
    'tombstone',
    (p) =>
      `INSERT INTO deleted_users (telegram_id, deleted_at) VALUES (${p(1)}, ${p(2)})
         ON CONFLICT (telegram_id) DO UPDATE SET deleted_at = excluded.deleted_at
         WHERE excluded.deleted_at > deleted_users.deleted_at`,
    user.telegramId,
    encoderOf(session.dialect, deletedAt)(user.deletedAt),
  );
}

const BURIED_OUTCOMES: Record<Dialect, string> = {
  postgres: `(SELECT json_agg(json_build_object('userDeleted', true)) FROM json_array_elements(outcomes))`,
  sqlite: `(SELECT json_group_array(json('{"userDeleted":true}')) FROM json_each(outcomes))`,
};

/**
 * A row that names nobody else goes. One of several users stays, without the person and what it answered: it is what
 * keeps the unit from being applied to the others again.
 */
function forgetOutcomes(run: Run, dialect: Dialect, telegramId: number): void {
  const scrub = (p: Parameter) =>
    `UPDATE idempotency_keys SET telegram_id = NULLIF(telegram_id, ${p(1)}), outcomes = ${BURIED_OUTCOMES[dialect]}`;
  run(
    'further outcomes',
    (p) =>
      `${scrub(p)} WHERE (bot_name, key) IN
         (SELECT bot_name, key FROM idempotency_key_users WHERE telegram_id = ${p(1)})`,
    telegramId,
  );
  run(
    'shared outcomes',
    (p) =>
      `${scrub(p)} WHERE telegram_id = ${p(1)} AND EXISTS
         (SELECT 1 FROM idempotency_key_users u
           WHERE u.bot_name = idempotency_keys.bot_name AND u.key = idempotency_keys.key)`,
    telegramId,
  );
  run('further users', (p) => `DELETE FROM idempotency_key_users WHERE telegram_id = ${p(1)}`, telegramId);
  run('outcomes', (p) => `DELETE FROM idempotency_keys WHERE telegram_id = ${p(1)}`, telegramId);
}

function statement({ dialect }: SqlSession, name: string, text: (p: Parameter) => string): Statement {
  return { name: `botledger_forget_${name.replace(' ', '_')}`, text: text(parameter[dialect]) };
}
