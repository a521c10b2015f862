import type { Dialect, SqlSession, Statement } from '../database.js';
import type { EventPayload, EventType } from '../domain/events.js';
import type { SubscriptionType } from '../domain/rows.js';
import { endOf } from '../domain/subscriptions.js';
import { sqlTime } from './sql-time.js';

/** What a statement of ours returns of a subscription, as the driver gives it. */
export interface FoundSubscription {
  id: number;
  user_id: number;
  subscription_type: SubscriptionType;
  end_date: Date | string | null;
  auto_renew: boolean | number;
}

/** What to select or return, so that there is something to tell of. */
export const FOUND = 'id, user_id, subscription_type, end_date, auto_renew';

/** What the bots are told of the end of a subscription. */
export const endOfFound = (row: FoundSubscription): EventPayload<'subscription.expired'> =>
  endOf({
    id: row.id,
    subscriptionType: row.subscription_type,
    endDate: row.end_date === null ? null : new Date(row.end_date),
    autoRenew: Boolean(row.auto_renew),
  });

/** Sends events of one type and moment, each with its user's id, in the transaction of their cause. */
export function writeEvents<T extends EventType>(
  session: SqlSession,
  type: T,
  at: Date,
  events: readonly { userId: number; payload: EventPayload<T> }[],
): void {
  if (events.length === 0) return;
  const users = events.map(({ userId }) => userId);
  const payloads = events.map(({ payload }) => JSON.stringify(payload));
  const values =
    session.dialect === 'postgres'
      ? [users, payloads]
      : [JSON.stringify(events.map((_, index) => [users[index], payloads[index]]))];
  session.send(statements[session.dialect], [type, sqlTime(session.dialect, at), ...values]);
}

const INSERT = 'INSERT INTO outbox (type, created_at, user_id, payload)';

const statements: Record<Dialect, Statement> = {
  postgres: {
    name: 'botledger_write_events',
    text: `${INSERT} SELECT $1, $2::timestamptz, user_id, payload FROM unnest($3::int[], $4::json[]) AS e(user_id, payload)`,
  },
  sqlite: {
    name: 'botledger_write_events',
    text: `${INSERT} SELECT ?1, ?2, value ->> '$[0]', value ->> '$[1]' FROM json_each(?3)`,
  },
};
