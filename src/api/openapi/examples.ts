import type { ExportView } from '../../domain/export-view.js';
import type {
  AccessView,
  BadgeView,
  LeaderboardEntry,
  PaymentView,
  PromocodeView,
  SessionPage,
  SessionView,
  SubscriptionView,
  TrainingView,
  UserView,
} from '../../domain/views.js';

/** What answers look like, for people who read the OpenAPI document. */

export const problem = {
  type: 'about:blank' as const,
  title: 'Bad Request',
  status: 400,
  detail: 'The request does not fit: see errors',
  instance: '/v1/leaderboard',
  errors: ['query.limit: too big: expected number to be <=100'],
};

export const readiness = { status: 'ok', database: 'ok', migrations: 'ok', redis: 'ok' } as const;

export const user: UserView = {
  telegramId: 123456,
  username: 'johndoe',
  firstName: 'John',
  lastName: null,
  registrationDate: '2025-01-10T09:00:00.000Z',
  lastActivity: '2025-01-15T10:30:00.000Z',
  totalXp: 500,
  level: 5,
  totalTrainings: 10,
  totalScore: 1480,
};

export const leader: LeaderboardEntry = { rank: 1, ...user };

export const badge: BadgeView = {
  badgeType: 'spin_master',
  earnedInBot: 'spin_bot',
  earnedAt: '2025-01-15T10:30:00.000Z',
  metadata: { score: 185 },
};

const parts = {
  session: { question_count: 5, clarity_level: 75, chat_state: 'in_progress' },
  stats: { total_trainings: 10, best_score: 185 },
  sessionAt: '2025-01-15T10:30:00.000Z',
  statsAt: '2025-01-15T10:29:00.000Z',
};

export const session: SessionView = { user, ...parts };

export const storedSession: SessionPage['sessions'][number] = { telegramId: user.telegramId, ...parts };

export const subscription: SubscriptionView = {
  id: 7,
  type: 'MONTH',
  startDate: '2025-01-15T10:30:00.000Z',
  endDate: '2025-02-14T10:30:00.000Z',
  isActive: true,
  autoRenew: false,
  creditsTotal: null,
  creditsLeft: null,
};

export const access: AccessView = {
  hasAccess: true,
  accessType: 'subscription',
  details: { subscriptionType: 'MONTH', endDate: '2025-02-14T10:30:00.000Z' },
};

export const payment: PaymentView = {
  provider: 'yookassa',
  paymentId: '22e12f66-000f-5000-8000-18db351245c7',
  amount: '990.00',
  currency: 'RUB',
  status: 'COMPLETED',
  tariff: 'month',
  description: null,
  metadata: null,
  subscriptionId: 7,
  createdAt: '2025-01-15T10:29:12.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
};

export const training: TrainingView = {
  id: 42,
  trainingDate: '2025-01-15T10:30:00.000Z',
  scenarioName: 'spin_sales',
  totalScore: 185,
  clarityLevel: 92,
  questionCount: 8,
  contextualQuestions: 3,
  perTypeCounts: { situation: 2, problem: 3, implication: 2, need_payoff: 1 },
  caseData: { client: 'TechCorp', product: 'CRM System' },
  sessionSnapshot: null,
};

export const promocode: PromocodeView = {
  code: 'NEWYEAR2025',
  type: 'TRAININGS',
  value: 3,
  state: 'valid',
  maxUses: 100,
  currentUses: 12,
  expiresAt: '2025-02-01T00:00:00.000Z',
  createdAt: '2024-12-20T12:00:00.000Z',
};

const outcome = { leveledUp: true, oldLevel: 4, newLevel: 5, totalXp: 500 };

export const applied = { key: 'upd-4711', status: 'applied' as const, outcomes: [outcome] };

export const failed = { key: 'upd-4711', status: 'failed' as const, reason: 'RangeError: Invalid time value' };

export const unit = {
  operations: [
    { name: 'completeTraining', telegramId: 123456, score: 185 },
    { name: 'awardBadge', telegramId: 123456, badgeType: 'spin_master', metadata: { score: 185 } },
  ],
};

const { user: _, ...stored } = session;
const when = { createdAt: '2025-01-10T09:00:00.000Z', updatedAt: '2025-01-15T10:30:00.000Z' };

export const exported: ExportView = {
  telegramId: 123456,
  exportedAt: '2025-01-16T08:00:00.000Z',
  user,
  deletedAt: null,
  sessions: [{ bot: 'spin_bot', ...stored, sessionAt: when.updatedAt, statsAt: when.updatedAt, ...when }],
  badges: [badge],
  subscriptions: [{ ...subscription, granted: 30, reminders: [] }],
  payments: [payment],
  promocodes: [{ code: 'NEWYEAR2025', usedAt: '2025-01-12T18:00:00.000Z' }],
  freeTrainings: [{ source: 'PROMOCODE', trainingsLeft: 3, createdAt: '2025-01-12T18:00:00.000Z' }],
  trainings: [training],
  units: [{ bot: 'spin_bot', key: 'upd-4711', outcomes: [outcome], createdAt: '2025-01-15T10:30:00.000Z' }],
};
