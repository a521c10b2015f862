import type { SqlSession } from '../database.js';
import { type Notification, recordKept } from '../domain/payments.js';
import type { PaymentRow } from '../domain/rows.js';
import { earlier } from '../domain/time.js';
import type { CheckedUnit } from '../operations/unit.js';
import { RuleFailures } from './failures.js';
import { selectByKey, updateRows } from './statements.js';
import type { Tables } from './tables.js';
import type { Graves } from './tombstones.js';

/**
 * Applies the notifications of payments that outlived their users, so that the books stay right: before the users of
 * the batch are created, because nobody comes back by what a provider reports.
 *
 * @returns the outcomes of these units, which need nothing more
 * @throws RuleFailures naming the notifications that do not fit their payments
 */
export async function recordKeptPayments(
  session: SqlSession,
  { rows: { payments } }: Tables,
  units: readonly CheckedUnit[],
  graves: Graves,
  now: Date,
): Promise<Map<CheckedUnit, readonly unknown[]>> {
  const outcomes = new Map<CheckedUnit, readonly unknown[]>();
  if (graves.size === 0) return outcomes;
  const notifications = units.filter(
    (unit) => isNotification(unit) && graves.has(unit.operations[0]?.telegramId ?? Number.NaN),
  );
  if (notifications.length === 0) return outcomes;

  const keys = new Map(notifications.map((unit) => [idOf(notificationOf(unit)), keyOf(notificationOf(unit))]));
  const rows = (await selectByKey(session, payments, [...keys.values()])) as unknown as PaymentRow[];
  const kept = new Map(rows.filter(({ userId }) => userId === null).map((row) => [idOf(row), row]));
  const moved = new Set<PaymentRow>();
  const failures = new Map<CheckedUnit, Error>();
  for (const unit of notifications) {
    const notification = notificationOf(unit);
    const payment = kept.get(idOf(notification));
    if (!payment) continue;
    try {
      const outcome = recordKept(payment, notification, earlier(unit.at, now));
      outcomes.set(unit, [outcome]);
      if (outcome.applied) moved.add(payment);
    } catch (error) {
      failures.set(unit, error as Error);
    }
  }
  if (failures.size > 0) throw new RuleFailures(failures);
  const changed = [...moved] as unknown as Record<string, unknown>[];
  if (changed.length > 0) updateRows(session, payments, changed, new Set(['status', 'updatedAt']));
  return outcomes;
}

/** Whether a unit is what a payment provider reports, and nothing else. */
export const isNotification = ({ operations }: CheckedUnit) =>
  operations.length === 1 && operations[0]?.operation.name === 'recordPayment';

const notificationOf = ({ operations }: CheckedUnit) => operations[0]?.payload as unknown as Notification;

type Named = Pick<Notification, 'provider' | 'paymentId'>;
const keyOf = ({ provider, paymentId }: Named) => [provider, paymentId];
const idOf = (payment: Named) => JSON.stringify(keyOf(payment));
