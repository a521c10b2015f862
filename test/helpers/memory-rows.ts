import type {
  NewRow,
  RowKey,
  RowName,
  Rows,
  RowTypes,
  SharedRowName,
  Touches,
  UserRow,
} from '../../src/domain/rows.js';
import { defaultSettings, type Settings } from '../../src/domain/settings.js';
import { type OperationName, operations, type PayloadOf } from '../../src/operations/registry.js';

type Stored = { [N in Exclude<RowName, 'users'>]: RowTypes[N][] };

/** What a row is found by, besides its user. */
const keyOf: { [N in keyof Stored]: (row: RowTypes[N]) => RowKey } = {
  botSessions: ({ botName }) => [botName],
  userBadges: ({ badgeType, earnedInBot }) => [badgeType, earnedInBot],
  subscriptions: () => [],
  freeTrainings: () => [],
  payments: ({ provider, paymentId }) => [provider, paymentId],
  promocodes: ({ code }) => [code],
  promocodeUsage: () => [],
  trainingHistory: () => [],
  outbox: () => [],
};

export const noon = new Date('2026-01-15T12:00:00.000Z');

/** The moment some days before or after noon of the test's day. */
export const days = (number: number): Date => new Date(noon.getTime() + number * 86_400_000);

/** Rows in plain arrays: what rules need of a database, and no more. */
export class MemoryRows implements Rows {
  readonly stored: Stored = {
    botSessions: [],
    userBadges: [],
    subscriptions: [],
    freeTrainings: [],
    payments: [],
    promocodes: [],
    promocodeUsage: [],
    trainingHistory: [],
    outbox: [],
  };
  readonly #users = new Map<number, UserRow>();
  #touches: Touches | undefined;

  user(telegramId: number): UserRow {
    const known = this.#users.get(telegramId);
    if (known) return known;
    const user = newUser(this.#users.size + 1, telegramId);
    this.#users.set(telegramId, user);
    return user;
  }

  knows(telegramId: number): boolean {
    return this.#users.has(telegramId);
  }

  find<N extends RowName>(table: N, user: UserRow, ...key: RowKey): RowTypes[N] | undefined {
    return this.list(table, user, ...key)[0];
  }

  list<N extends RowName>(table: N, user: UserRow, ...key: RowKey): RowTypes[N][] {
    return this.#found(table, key).filter((row) => (row as { userId?: number | null }).userId === user.id);
  }

  shared<N extends SharedRowName>(table: N, ...key: RowKey): RowTypes[N] | undefined {
    return this.#found(table, key)[0];
  }

  remove<N extends RowName>(table: N, row: RowTypes[N]): void {
    const rows = this.stored[table as keyof Stored] as unknown as RowTypes[N][];
    rows.splice(rows.indexOf(row), 1);
  }

  forget(user: UserRow): void {
    this.#users.delete(user.telegramId);
  }

  #found<N extends RowName>(table: N, key: RowKey): RowTypes[N][] {
    this.#checkTouched(table, key);
    const name = table as keyof Stored;
    const rows = this.stored[name] as RowTypes[keyof Stored][];
    return rows.filter((row) => String(keyOf[name](row as never)) === String(key)) as unknown as RowTypes[N][];
  }

  add<N extends RowName>(table: N, newRow: NewRow<N>): RowTypes[N] {
    const rows = this.stored[table as keyof Stored] as unknown as RowTypes[N][];
    const row = { id: rows.length + 1, ...newRow } as unknown as RowTypes[N];
    rows.push(row);
    return row;
  }

  /** From now on, reading what is not named here is an error, as it is in the commit. */
  allow(touches: Touches): void {
    this.#touches = touches;
  }

  #checkTouched(table: RowName, key: RowKey): void {
    if (!this.#touches) return;
    const named = this.#touches[table]?.some((allowed) => String(allowed) === String(key));
    if (!named) throw new Error(`${table} was read under [${key}], which touches() does not name`);
  }
}

function newUser(id: number, telegramId: number): UserRow {
  const start = { totalXp: 0, level: 1, totalTrainings: 0, totalScore: 0 };
  const names = { username: null, firstName: null, lastName: null };
  return { id, telegramId, ...names, registrationDate: noon, lastActivity: noon, ...start };
}

type Operations = typeof operations;

interface When {
  telegramId?: number;
  bot?: string;
  at?: Date;
  settings?: Settings;
}

/** Applies an operation's rule to rows as the commit does: payload parsed, only what `touches` names readable. */
export function apply<N extends OperationName>(
  rows: MemoryRows,
  name: N,
  payload: PayloadOf<N>,
  { telegramId = 1, bot = 'spin_bot', at = noon, settings = defaultSettings }: When = {},
): ReturnType<Operations[N]['apply']> {
  const operation = operations[name];
  const parsed = operation.payload.parse(payload) as never;
  const created = !rows.knows(telegramId);
  rows.user(telegramId);
  rows.allow(operation.touches(parsed, bot));
  return operation.apply(rows, parsed, {
    telegramId,
    bot,
    at,
    created,
    settings,
  }) as ReturnType<Operations[N]['apply']>;
}
