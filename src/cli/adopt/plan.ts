import type { OldTable } from './old-table.js';

/** How one table of the Python module becomes ours. */
export interface TablePlan {
  name: string;
  /** Columns that must be there. */
  needs: readonly string[];
  /** Other columns that are known: taken over, or no longer needed. */
  knows: readonly string[];
  /** Rows that cannot be taken over, each with what is wrong with them. */
  refuses: (old: OldTable) => Record<string, string>;
  /** Our columns, each as SQL over the old row `o`. */
  columns: (old: OldTable) => Record<string, string>;
  /** What is read, when it is more than the old rows. */
  reads?: (old: OldTable) => string;
  /** Which old rows are kept; all by default. */
  keeps?: (old: OldTable) => string;
}

const inWords = (words: readonly string[]) => `(${words.map((word) => `'${word}'`).join(', ')})`;
const TYPES = inWords(['MONTH', 'YEAR', 'CREDITS']);
const STATUSES = inWords(['PENDING', 'COMPLETED', 'FAILED', 'REFUNDED']);
const SOURCES = inWords(['CHANNEL', 'PROMOCODE', 'ADMIN']);
const CODES = inWords(['TRAININGS', 'FREE_MONTH', 'CREDITS']);

const same = (...names: string[]) => Object.fromEntries(names.map((name) => [name, `o.${name}`]));

/** Of the active subscriptions of a kind, the one that lasts longest stays active, or takes the credits of the others. */
const kindOf = (old: OldTable) => `CASE WHEN ${old.word('subscription_type')} = 'CREDITS' THEN 1 ELSE 0 END`;

function subscriptionColumns(old: OldTable): Record<string, string> {
  const type = old.word('subscription_type');
  const active = old.flag('is_active', true);
  const left = old.value('credits_left', old.value('credits_total', '0'));
  const window = `PARTITION BY o.user_id, ${kindOf(old)}, ${active}`;
  const longest = `row_number() OVER (${window} ORDER BY o.end_date DESC, o.id DESC) = 1`;
  const all = `CASE WHEN ${active} AND ${longest} THEN sum(${left}) OVER (${window}) ELSE ${left} END`;
  return {
    ...same('id', 'user_id'),
    subscription_type: type,
    start_date: old.time('start_date', 'created_at'),
    end_date: `CASE WHEN ${type} = 'CREDITS' THEN NULL ELSE ${old.moment('end_date')} END`,
    is_active: `${active} AND ${longest}`,
    auto_renew: old.flag('auto_renew', false),
    credits_total: `CASE WHEN ${type} = 'CREDITS' THEN ${old.larger(old.value('credits_total', '0'), all)} END`,
    credits_left: `CASE WHEN ${type} = 'CREDITS' THEN ${all} END`,
  };
}

/** Every table, in the order in which they are filled. */
export const plans: readonly TablePlan[] = [
  {
    name: 'users',
    needs: ['id', 'telegram_id', 'total_xp', 'level'],
    knows: [
      ...['username', 'first_name', 'last_name', 'registration_date', 'last_activity'],
      ...['total_trainings', 'total_score', 'created_at', 'updated_at'],
    ],
    refuses: () => ({ 'XP below 0': 'o.total_xp < 0', 'no Telegram id': 'o.telegram_id IS NULL' }),
    columns: (old) => ({
      ...same('id', 'telegram_id'),
      username: old.value('username'),
      first_name: old.value('first_name'),
      last_name: old.value('last_name'),
      registration_date: old.time('registration_date', 'created_at', 'last_activity'),
      last_activity: old.time('last_activity', 'updated_at', 'registration_date'),
      total_xp: old.value('total_xp', '0'),
      level: old.larger(old.value('level', '1'), '1'),
      total_trainings: old.value('total_trainings', '0'),
      total_score: old.value('total_score', '0'),
    }),
  },
  {
    name: 'user_badges',
    needs: ['id', 'user_id', 'badge_type', 'earned_in_bot'],
    knows: ['earned_at', 'badge_metadata', 'metadata'],
    refuses: () => ({}),
    columns: (old) => ({
      ...same('id', 'user_id', 'badge_type', 'earned_in_bot'),
      earned_at: old.time('earned_at'),
      metadata: old.json(['badge_metadata', 'metadata']),
    }),
    keeps: (old) => old.firstOf('o.user_id, o.badge_type, o.earned_in_bot', `${old.time('earned_at')}, o.id`),
  },
  {
    name: 'bot_sessions',
    needs: ['id', 'user_id', 'bot_name'],
    knows: ['session_data', 'stats_data', 'created_at', 'updated_at'],
    refuses: (old) => ({
      'session_data that is no object': old.isNoObject('session_data'),
      'stats_data that is no object': old.isNoObject('stats_data'),
    }),
    columns: (old) => ({
      ...same('id', 'user_id', 'bot_name'),
      session_data: old.json(['session_data'], "'{}'"),
      stats_data: old.json(['stats_data'], "'{}'"),
      session_at: old.time('updated_at', 'created_at'),
      stats_at: old.time('updated_at', 'created_at'),
      created_at: old.time('created_at', 'updated_at'),
      updated_at: old.time('updated_at', 'created_at'),
    }),
    keeps: (old) => old.firstOf('o.user_id, o.bot_name', `${old.time('updated_at', 'created_at')} DESC, o.id DESC`),
  },
  {
    name: 'subscriptions',
    needs: ['id', 'user_id', 'subscription_type', 'end_date'],
    knows: ['start_date', 'is_active', 'auto_renew', 'credits_total', 'credits_left', 'created_at', 'updated_at'],
    refuses: (old) => ({
      'a type other than MONTH, YEAR, CREDITS': `${old.word('subscription_type')} NOT IN ${TYPES}`,
      'a MONTH or YEAR without end_date': `${old.word('subscription_type')} <> 'CREDITS' AND o.end_date IS NULL`,
      'credits below 0': `${old.value('credits_left', '0')} < 0`,
    }),
    columns: subscriptionColumns,
  },
  {
    name: 'payments',
    needs: ['id', 'user_id', 'amount', 'provider', 'payment_id', 'status', 'tariff'],
    knows: ['currency', 'description', 'payment_metadata', 'metadata', 'created_at', 'updated_at', 'completed_at'],
    refuses: (old) => ({
      'a status other than PENDING, COMPLETED, FAILED, REFUNDED': `${old.word('status')} NOT IN ${STATUSES}`,
      'an amount below 0': 'o.amount < 0',
      'the same payment_id of a provider twice': `o.payment_id IS NOT NULL AND ${old.furtherOf('o.provider, o.payment_id')}`,
    }),
    columns: (old) => ({
      ...same('id', 'user_id', 'amount', 'provider', 'tariff'),
      // A payment that never got its id from the provider must still be told from others.
      payment_id: old.value('payment_id', "'adopted-' || o.id"),
      currency: old.value('currency', "'RUB'"),
      status: old.word('status'),
      description: old.value('description'),
      metadata: old.json(['payment_metadata', 'metadata']),
      created_at: old.time('created_at', 'updated_at'),
      updated_at: old.time('updated_at', 'completed_at', 'created_at'),
    }),
  },
  {
    name: 'promocodes',
    needs: ['id', 'code', 'type', 'value'],
    knows: ['max_uses', 'current_uses', 'expires_at', 'created_at', 'is_active', 'updated_at'],
    refuses: (old) => ({
      'a type other than TRAININGS, FREE_MONTH, CREDITS': `${old.word('type')} NOT IN ${CODES}`,
      'a value below 1': 'o.value < 1',
    }),
    columns: (old) => ({
      ...same('id', 'code', 'value'),
      type: old.word('type'),
      // The old module could count beyond the limit.
      max_uses: `CASE WHEN ${old.value('max_uses')} IS NULL THEN NULL
        ELSE ${old.larger(old.value('max_uses', '0'), old.value('current_uses', '0'))} END`,
      current_uses: old.value('current_uses', '0'),
      expires_at: old.moment('expires_at'),
      created_at: old.time('created_at'),
    }),
  },
  {
    name: 'promocode_usage',
    needs: ['id', 'promocode_id', 'user_id'],
    knows: ['used_at', 'created_at'],
    refuses: () => ({}),
    columns: (old) => ({ ...same('id', 'promocode_id', 'user_id'), used_at: old.time('used_at', 'created_at') }),
    keeps: (old) => old.firstOf('o.promocode_id, o.user_id', `${old.time('used_at', 'created_at')}, o.id`),
  },
  {
    name: 'free_trainings',
    needs: ['id', 'user_id', 'trainings_left', 'source'],
    knows: ['created_at', 'updated_at', 'granted_at', 'expires_at'],
    refuses: (old) => ({
      'a source other than CHANNEL, PROMOCODE, ADMIN': `${old.word('source')} NOT IN ${SOURCES}`,
      'trainings below 0': 'o.trainings_left < 0',
    }),
    columns: (old) => ({
      ...same('id', 'user_id'),
      source: old.word('source'),
      trainings_left: 'o.all_left',
      created_at: old.time('created_at', 'granted_at'),
    }),
    reads: (old) =>
      `(SELECT o.*, sum(o.trainings_left) OVER (PARTITION BY o.user_id, ${old.word('source')}) AS all_left
          FROM ${old.name} AS o)`,
    keeps: (old) => old.firstOf(`o.user_id, ${old.word('source')}`, 'o.id'),
  },
  {
    name: 'training_history',
    needs: ['id', 'user_id', 'telegram_id', 'training_date'],
    knows: [
      ...['scenario_name', 'total_score', 'clarity_level', 'question_count', 'contextual_questions'],
      ...['per_type_counts', 'case_data', 'session_snapshot', 'created_at'],
    ],
    refuses: () => ({}),
    columns: (old) => ({
      ...same('id', 'user_id', 'telegram_id'),
      training_date: old.time('training_date', 'created_at'),
      scenario_name: old.value('scenario_name'),
      total_score: old.value('total_score', '0'),
      clarity_level: old.value('clarity_level', '0'),
      question_count: old.value('question_count', '0'),
      contextual_questions: old.value('contextual_questions', '0'),
      per_type_counts: old.json(['per_type_counts']),
      case_data: old.json(['case_data']),
      session_snapshot: old.json(['session_snapshot']),
    }),
  },
];
