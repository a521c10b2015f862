/**
 * The rows that operations read and change, as plain data. Column names are the camelCase of the table's;
 * JSON columns travel as JSON text, so that nothing on the commit path parses or prints them twice.
 */

/** JSON as text, e.g. `{"question_count":5}`. */
export type JsonText = string;

export type SubscriptionType = 'MONTH' | 'YEAR' | 'CREDITS';
export type PaymentStatus = 'PENDING' | 'COMPLETED' | 'FAILED' | 'REFUNDED';
export type PromocodeType = 'TRAININGS' | 'FREE_MONTH' | 'CREDITS';
export type FreeTrainingSource = 'CHANNEL' | 'PROMOCODE' | 'ADMIN';

export interface UserRow {
  readonly id: number;
  readonly telegramId: number;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  readonly registrationDate: Date;
  lastActivity: Date;
  totalXp: number;
  level: number;
  totalTrainings: number;
  totalScore: number;
}

export interface SessionRow {
  readonly userId: number;
  readonly botName: string;
  sessionData: JsonText;
  statsData: JsonText;
  /** When the bot made the stored session: an older write does not replace it. */
  sessionAt: Date;
  /** When the bot made the stored stats. */
  statsAt: Date;
  readonly createdAt: Date;
  updatedAt: Date;
}

export interface BadgeRow {
  readonly userId: number;
  readonly badgeType: string;
  readonly earnedInBot: string;
  readonly earnedAt: Date;
  readonly metadata: JsonText | null;
}

export interface SubscriptionRow {
  readonly id: number;
  readonly userId: number;
  readonly subscriptionType: SubscriptionType;
  readonly startDate: Date;
  /** Null for CREDITS. */
  endDate: Date | null;
  isActive: boolean;
  autoRenew: boolean;
  /** What this row granted by itself, without what it took over: days for time-based ones, else credits. */
  granted: number;
  /** Null for time-based subscriptions. */
  creditsTotal: number | null;
  creditsLeft: number | null;
}

export interface FreeTrainingRow {
  readonly userId: number;
  readonly source: FreeTrainingSource;
  trainingsLeft: number;
  readonly createdAt: Date;
}

export interface PaymentRow {
  readonly id: number;
  readonly userId: number | null;
  /** The subscription that this payment granted. */
  subscriptionId: number | null;
  /** A decimal with two places, e.g. `1490.00`. */
  readonly amount: string;
  readonly currency: string;
  readonly provider: string;
  readonly paymentId: string;
  status: PaymentStatus;
  readonly tariff: string;
  readonly description: string | null;
  readonly metadata: JsonText | null;
  readonly createdAt: Date;
  updatedAt: Date;
}

export interface PromocodeRow {
  readonly id: number;
  /** In upper case. */
  readonly code: string;
  readonly type: PromocodeType;
  readonly value: number;
  /** Null: as often as one likes. */
  readonly maxUses: number | null;
  currentUses: number;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
}

export interface PromocodeUsageRow {
  readonly userId: number;
  readonly promocodeId: number;
  readonly usedAt: Date;
}

export interface TrainingRow {
  readonly id: number;
  readonly userId: number;
  readonly telegramId: number;
  readonly trainingDate: Date;
  readonly scenarioName: string | null;
  readonly totalScore: number;
  readonly clarityLevel: number;
  readonly questionCount: number;
  readonly contextualQuestions: number;
  readonly perTypeCounts: JsonText | null;
  readonly caseData: JsonText | null;
  readonly sessionSnapshot: JsonText | null;
}

/** An event on its way to the bots. */
export interface OutboxRow {
  readonly userId: number;
  /** The bot where it happened; null when it came about by the clock. */
  readonly botName: string | null;
  readonly type: string;
  /** Printed when it is written, because it may name the id of a row that is written with it. */
  readonly payload: object;
  readonly createdAt: Date;
  /** When it was handed to the queues of the bots. */
  readonly deliveredAt: Date | null;
}

/** Every table that operations work on, by the name they use for it. */
export interface RowTypes {
  users: UserRow;
  botSessions: SessionRow;
  userBadges: BadgeRow;
  subscriptions: SubscriptionRow;
  freeTrainings: FreeTrainingRow;
  payments: PaymentRow;
  promocodes: PromocodeRow;
  promocodeUsage: PromocodeUsageRow;
  trainingHistory: TrainingRow;
  outbox: OutboxRow;
}

export type RowName = keyof RowTypes;

/** The tables whose rows are found without their user. */
export type SharedRowName = 'payments' | 'promocodes';

/** A new row: the database gives its `id`, where it has one. */
export type NewRow<N extends RowName> = Omit<RowTypes[N], 'id'>;

/** What identifies rows of a table besides their user, e.g. `[badgeType, bot]`. */
export type RowKey = readonly (string | number)[];

/** The rows that an operation may touch: what is named here is loaded before `apply` runs. */
export type Touches = { [N in RowName]?: readonly RowKey[] };

/** The working set as a rule sees it: loaded rows to read and change in place, and new ones to add. */
export interface Rows {
  /** The user with this Telegram id; always there, created if unknown. */
  user(telegramId: number): UserRow;
  /** The one row of a user under a key declared in `touches`. */
  find<N extends RowName>(table: N, user: UserRow, ...key: RowKey): RowTypes[N] | undefined;
  /** All rows of a user under a key declared in `touches`, oldest first. */
  list<N extends RowName>(table: N, user: UserRow, ...key: RowKey): RowTypes[N][];
  /** The row that all users share under a key declared in `touches`. */
  shared<N extends SharedRowName>(table: N, ...key: RowKey): RowTypes[N] | undefined;
  /** Takes a loaded or added row away. */
  remove<N extends RowName>(table: N, row: RowTypes[N]): void;
  /**
   * Deletes a user with everything held on them, and leaves a tombstone: what was made up to `at` is not applied any
   * more. With `keepPayments` the payments stay, without the person.
   */
  forget(user: UserRow, at: Date, options: { keepPayments: boolean }): void;
  /** Adds a row; its `id`, if it has one, prints as its number once the batch is flushed. */
  add<N extends RowName>(table: N, row: NewRow<N>): RowTypes[N];
}
