/** Rows in plain SQL for the tests of the schema itself; each belongs to the user with id 1. */

export const USER = insert('users', {
  id: 1,
  telegram_id: 123456,
  registration_date: '2025-01-15',
  last_activity: '2025-01-15',
});

const when = '2025-01-15';
const month = { user_id: 1, subscription_type: 'MONTH', start_date: when, end_date: '2025-02-15', is_active: true };
const credits = { user_id: 1, subscription_type: 'CREDITS', start_date: when, credits_total: 5, credits_left: 5 };
const badge = { user_id: 1, badge_type: 'spin_master', earned_in_bot: 'spin_bot', earned_at: when };
const session = {
  user_id: 1,
  bot_name: 'spin_bot',
  session_data: '{}',
  stats_data: '{}',
  session_at: when,
  stats_at: when,
  created_at: when,
  updated_at: when,
};
const reminder = { subscription_id: 1, days: 3, reminded_at: when };
const payment = {
  user_id: 1,
  amount: '990.00',
  currency: 'RUB',
  provider: 'yookassa',
  payment_id: 'p-1',
  status: 'COMPLETED',
  tariff: 'month',
  created_at: when,
  updated_at: when,
};
const promocode = { id: 1, code: 'NEWYEAR2025', type: 'CREDITS', value: 5, max_uses: 2, created_at: when };
const usage = { promocode_id: 1, user_id: 1, used_at: when };
const free = { user_id: 1, source: 'CHANNEL', trainings_left: 3, created_at: when };
const training = {
  user_id: 1,
  telegram_id: 123456,
  training_date: when,
  total_score: 185,
  clarity_level: 92,
  question_count: 8,
  contextual_questions: 3,
};
const event = { user_id: 1, type: 'badge.awarded', payload: '{}', created_at: when };
const ledger = { bot_name: 'spin_bot', key: 'upd-1', content_hash: 'x', outcomes: '[]', created_at: when };

/** What each table must refuse, after `given`. */
export const refusals: { what: string; given?: string[]; refused: string }[] = [
  {
    what: 'a second user with the same Telegram id',
    refused: insert('users', { telegram_id: 123456, registration_date: when, last_activity: when }),
  },
  { what: 'XP below 0', refused: 'UPDATE users SET total_xp = -1' },
  { what: 'a level below 1', refused: 'UPDATE users SET level = 0' },
  { what: 'a badge twice', given: [insert('user_badges', badge)], refused: insert('user_badges', badge) },
  { what: 'a badge of nobody', refused: insert('user_badges', { ...badge, user_id: 2 }) },
  {
    what: 'a second session of a user in a bot',
    given: [insert('bot_sessions', session)],
    refused: insert('bot_sessions', session),
  },
  {
    what: 'two active time-based subscriptions',
    given: [insert('subscriptions', month)],
    refused: insert('subscriptions', { ...month, subscription_type: 'YEAR' }),
  },
  {
    what: 'two active credit subscriptions',
    given: [insert('subscriptions', credits)],
    refused: insert('subscriptions', credits),
  },
  {
    what: 'credits below 0',
    given: [insert('subscriptions', credits)],
    refused: 'UPDATE subscriptions SET credits_left = -1',
  },
  { what: 'more credits left than there were', refused: insert('subscriptions', { ...credits, credits_left: 6 }) },
  { what: 'a month without an end', refused: insert('subscriptions', { ...month, end_date: null }) },
  {
    what: 'an unknown type of subscription',
    refused: insert('subscriptions', { ...month, subscription_type: 'WEEK' }),
  },
  {
    what: 'a reminder twice',
    given: [insert('subscriptions', month), insert('subscription_reminders', reminder)],
    refused: insert('subscription_reminders', reminder),
  },
  { what: 'a payment twice', given: [insert('payments', payment)], refused: insert('payments', payment) },
  { what: 'an amount below 0', refused: insert('payments', { ...payment, amount: '-1.00' }) },
  {
    what: 'a promocode twice',
    given: [insert('promocodes', promocode)],
    refused: insert('promocodes', { ...promocode, id: 2 }),
  },
  { what: 'more uses than a promocode has', refused: insert('promocodes', { ...promocode, current_uses: 3 }) },
  {
    what: 'a promocode used twice by one user',
    given: [insert('promocodes', promocode), insert('promocode_usage', usage)],
    refused: insert('promocode_usage', usage),
  },
  { what: 'free trainings below 0', refused: insert('free_trainings', { ...free, trainings_left: -1 }) },
  {
    what: 'a second row of free trainings from one source',
    given: [insert('free_trainings', free)],
    refused: insert('free_trainings', free),
  },
  {
    what: 'an idempotency key twice in one bot',
    given: [insert('idempotency_keys', ledger)],
    refused: insert('idempotency_keys', ledger),
  },
];

/** A row in every table that belongs to a user. */
export const everythingOfUser = {
  user_badges: insert('user_badges', badge),
  bot_sessions: insert('bot_sessions', session),
  subscriptions: insert('subscriptions', month),
  subscription_reminders: insert('subscription_reminders', reminder),
  payments: insert('payments', payment),
  promocodes: insert('promocodes', promocode),
  promocode_usage: insert('promocode_usage', usage),
  free_trainings: insert('free_trainings', free),
  training_history: insert('training_history', training),
  outbox: insert('outbox', event),
};

function insert(table: string, row: Record<string, string | number | boolean | null>): string {
  const values = Object.values(row).map((value) => (typeof value === 'string' ? `'${value}'` : `${value}`));
  return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`;
}
