import type { SqlSession, Statement } from '../database.js';
import { encode } from './encoding.js';
import type { Tables } from './tables.js';
import type { Forgotten } from './working-set.js';

const parameter = { postgres: (n: number) => `$${n}`, sqlite: (n: number) => `?${n}` };

/** Deletes a user from every table and from stored outcomes, and leaves a tombstone. */
export async function forgetUser(session: SqlSession, tables: Tables, user: Forgotten): Promise<void> {
  const run = (name: string, text: (p: (n: number) => string) => string, ...values: unknown[]) =>
    session.query(statement(session, name, text), values);

  if (user.keepPayments) {
    await run(
      'payments',
      (p) => `UPDATE payments SET user_id = NULL, description = NULL, metadata = NULL WHERE user_id = ${p(1)}`,
      user.id,
    );
  }
  await run('user', (p) => `DELETE FROM users WHERE id = ${p(1)}`, user.id);
  await run(
    'shared outcomes',
    (p) =>
      `DELETE FROM idempotency_keys WHERE (bot_name, key) IN
         (SELECT bot_name, key FROM idempotency_key_users WHERE telegram_id = ${p(1)})`,
    user.telegramId,
  );
  await run('outcomes', (p) => `DELETE FROM idempotency_keys WHERE telegram_id = ${p(1)}`, user.telegramId);

  const deletedAt = tables.tombstones.columns.find(({ property }) => property === 'deletedAt');
  if (!deletedAt) throw new Error('deleted_users has no column for the time');
  await run(
    'tombstone',
    (p) =>
      `INSERT INTO deleted_users (telegram_id, deleted_at) VALUES (${p(1)}, ${p(2)})
         ON CONFLICT (telegram_id) DO UPDATE SET deleted_at = excluded.deleted_at
         WHERE excluded.deleted_at > deleted_users.deleted_at`,
    user.telegramId,
    encode(session.dialect, deletedAt, user.deletedAt),
  );
}

function statement({ dialect }: SqlSession, name: string, text: (p: (n: number) => string) => string): Statement {
  return { name: `botledger_forget_${name.replace(' ', '_')}`, text: text(parameter[dialect]) };
}
