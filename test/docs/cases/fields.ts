/** What a bot reads where the value differs from run to run. */
export const someMoment = Symbol('a moment');
export const someId = Symbol('an id');
export const internal = Symbol('never leaves the database');

export const json = { situation: 2, problem: 3 };
export const trainingDate = '2025-01-15T10:30:00.000Z';
export const expiresAt = '2099-01-01T00:00:00.000Z';

/** What each field holds of the user that models.ts brings to life. */
export const fields: Record<string, Record<string, unknown>> = {
  users: {
    id: internal,
    telegram_id: someId,
    username: 'johndoe',
    first_name: 'John',
    last_name: 'Doe',
    registration_date: someMoment,
    last_activity: someMoment,
    total_xp: 150,
    level: 2,
    total_trainings: 3,
    total_score: 40,
  },
  user_badges: {
    id: internal,
    user_id: internal,
    badge_type: 'spin_master',
    earned_in_bot: 'spin_bot',
    earned_at: someMoment,
    metadata: { score: 185, streak: 5 },
  },
  bot_sessions: {
    id: internal,
    user_id: internal,
    bot_name: 'spin_bot',
    session_data: { question_count: 5 },
    stats_data: { best_score: 185 },
    created_at: someMoment,
    updated_at: someMoment,
  },
  subscriptions: {
    id: someId,
    user_id: internal,
    subscription_type: 'MONTH',
    start_date: someMoment,
    end_date: someMoment,
    is_active: true,
    auto_renew: false,
    credits_total: 5,
    credits_left: 4,
  },
  payments: {
    id: internal,
    user_id: internal,
    amount: '990.50',
    currency: 'RUB',
    provider: 'yookassa',
    payment_id: 'p-1',
    status: 'COMPLETED',
    tariff: 'month',
  },
  promocodes: {
    code: 'NEWYEAR2025',
    type: 'TRAININGS',
    value: 2,
    max_uses: 100,
    current_uses: 1,
    expires_at: expiresAt,
  },
  free_trainings: { user_id: internal, trainings_left: 3, source: 'CHANNEL' },
  training_history: {
    id: someId,
    user_id: internal,
    telegram_id: someId,
    training_date: trainingDate,
    scenario_name: 'spin_sales',
    total_score: 185,
    clarity_level: 92,
    question_count: 8,
    contextual_questions: 3,
    per_type_counts: json,
    case_data: json,
    session_snapshot: json,
  },
};
