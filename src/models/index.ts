import { BotSession } from './bot-session.js';
import { DeletedUser } from './deleted-user.js';
import { FreeTraining } from './free-training.js';
import { IdempotencyKey } from './idempotency-key.js';
import { IdempotencyKeyUser } from './idempotency-key-user.js';
import { OutboxEvent } from './outbox-event.js';
import { Payment } from './payment.js';
import { Promocode } from './promocode.js';
import { PromocodeUsage } from './promocode-usage.js';
import { Subscription } from './subscription.js';
import { SubscriptionReminder } from './subscription-reminder.js';
import { TrainingHistory } from './training-history.js';
import { User } from './user.js';
import { UserBadge } from './user-badge.js';

/** Every model, for `new Sequelize({ models })`. */
export const models = [
  User,
  UserBadge,
  BotSession,
  Subscription,
  SubscriptionReminder,
  Payment,
  Promocode,
  PromocodeUsage,
  FreeTraining,
  TrainingHistory,
  IdempotencyKey,
  IdempotencyKeyUser,
  DeletedUser,
  OutboxEvent,
];

export {
  BotSession,
  DeletedUser,
  FreeTraining,
  IdempotencyKey,
  IdempotencyKeyUser,
  OutboxEvent,
  Payment,
  Promocode,
  PromocodeUsage,
  Subscription,
  SubscriptionReminder,
  TrainingHistory,
  User,
  UserBadge,
};
