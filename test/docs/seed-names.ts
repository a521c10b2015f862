/**
 * Every name in the documentation of the old module, by the heading of docs/from-python.md that answers for it: its
 * tables with their fields, the methods of its repositories and of DatabaseService, functions, steps, examples, questions.
 */
export const seedNames: Record<string, string> = {
  users:
    'id telegram_id username first_name last_name registration_date last_activity total_xp level total_trainings total_score',
  user_badges: 'id user_id badge_type earned_in_bot earned_at metadata',
  bot_sessions: 'id user_id bot_name session_data stats_data created_at updated_at',
  subscriptions: 'id user_id subscription_type start_date end_date is_active auto_renew credits_total credits_left',
  payments: 'id user_id amount currency provider payment_id status tariff',
  promocodes: 'code type value max_uses current_uses expires_at',
  free_trainings: 'user_id trainings_left source',
  training_history: `id user_id telegram_id training_date scenario_name total_score clarity_level question_count
    contextual_questions per_type_counts case_data session_snapshot`,
  Models: 'User UserBadge BotSession Subscription Payment Promocode PromocodeUsage FreeTraining TrainingHistory',
  'Relationships of User': 'badges subscriptions payments bot_sessions',
  Enums: `SubscriptionType.MONTH SubscriptionType.YEAR SubscriptionType.CREDITS PaymentStatus.PENDING
    PaymentStatus.COMPLETED PaymentStatus.FAILED PaymentStatus.REFUNDED PromocodeType.TRAININGS PromocodeType.FREE_MONTH
    PromocodeType.CREDITS FreeTrainingSource.CHANNEL FreeTrainingSource.PROMOCODE FreeTrainingSource.ADMIN`,
  UserRepository: `get_or_create get_by_telegram_id get_by_id add_xp update_level increment_training_count add_score
    get_leaderboard get_user_rank count_total_users`,
  BadgeRepository: 'award_badge award_badge_by_telegram_id get_user_badges has_badge count_user_badges',
  SessionRepository: 'get_or_create get_by_telegram_id update_session update_stats update_both reset_session',
  SubscriptionRepository: 'get_active_subscription create_subscription check_access consume_access add_free_trainings',
  DatabaseService: `DatabaseService get_user_session save_session reset_session add_xp_and_check_level_up award_badge
    get_user_badges save_training_history get_user_training_history check_access create_subscription
    add_free_trainings update_user_stats_after_training get_leaderboard get_user_rank`,
  'database.py': 'init_db get_session close_db',
  Files: `database/__init__.py database/database.py database/base_models.py database/bot_models.py database/models.py
    database/training_models.py repositories/user_repository.py repositories/badge_repository.py
    repositories/session_repository.py repositories/subscription_repository.py services/database_service.py
    scripts/migrate_from_json.py`,
};

/** How many steps, examples and answers it has. */
export const seedCounts: Record<string, number> = { 'Set-up': 5, Examples: 6, FAQ: 5 };
