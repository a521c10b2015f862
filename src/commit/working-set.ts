import type { Move } from '../domain/leaderboard.js';
import type { NewRow, RowKey, RowName, Rows, RowTypes, SharedRowName, UserRow } from '../domain/rows.js';
import { NewId } from './encoding.js';
import type { Table, Tables } from './tables.js';

type AnyRow = Record<string, unknown>;

/** A row in memory, with what the database holds of it; a new row has no original. */
interface Entry {
  row: AnyRow;
  original: AnyRow | undefined;
  removed?: boolean;
}

/** What has to be written of one table. */
export interface Changes {
  table: Table;
  removed: AnyRow[];
  inserted: AnyRow[];
  updated: AnyRow[];
  /** Every property that differs in any of the updated rows. */
  properties: Set<string>;
}

/** A user to delete. */
export interface Forgotten {
  id: number;
  telegramId: number;
  deletedAt: Date;
  keepPayments: boolean;
}

/**
 * The rows that a batch touches, in memory. Rules read and change them; the flush writes what differs from what was
 * loaded.
 */
export class WorkingSet implements Rows {
  readonly #tables: Tables;
  readonly #groups = new Map<RowName, Map<string | number, Entry[]>>();
  readonly #newUsers = new Set<number>();
  readonly #created = new Set<number>();
  /** How to undo what was done since somebody asked for it, latest last. */
  #undo: (() => void)[] | undefined;
  /** Users to delete, with everything held on them. */
  readonly forgotten: Forgotten[] = [];

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Takes in what was loaded of a table under these keys; a key without rows is known to have none. */
  take(table: RowName, keys: readonly RowKey[], rows: readonly AnyRow[]): void {
    const group = this.#group(table);
    for (const key of keys) {
      const id = keyId(key);
      if (!group.has(id)) group.set(id, []);
    }
    for (const row of rows) this.#entries(table, row).push({ row, original: { ...row } });
  }

  /** Notes that this transaction brought the user into being. */
  noteCreated(telegramId: number): void {
    this.#newUsers.add(telegramId);
    this.#created.add(telegramId);
  }

  /** Runs rules; when they throw, nothing of what they did to rows stays. Costs a copy of each row that they see. */
  attempt<T>(rules: () => T): T {
    const undo: (() => void)[] = [];
    this.#undo = undo;
    try {
      return rules();
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    } finally {
      this.#undo = undefined;
    }
  }

  /** Moves the user's last activity forward; says whether this is the first operation of a user just created. */
  greet(telegramId: number, at: Date): boolean {
    const user = this.user(telegramId);
    if (at > user.lastActivity) user.lastActivity = at;
    const created = this.#newUsers.delete(telegramId);
    if (created) this.#undo?.push(() => this.#newUsers.add(telegramId));
    return created;
  }

  /** Whether there is anything to tell the bots. */
  get hasEvents(): boolean {
    return this.#groups.has('outbox');
  }

  knows(telegramId: number): boolean {
    return (this.#group('users').get(telegramId)?.length ?? 0) > 0;
  }

  user(telegramId: number): UserRow {
    const entry = this.#group('users').get(telegramId)?.[0];
    if (!entry) throw new Error(`the user of this operation was not loaded`);
    if (this.#undo) this.#remember(entry);
    return entry.row as unknown as UserRow;
  }

  find<N extends RowName>(table: N, user: UserRow, ...key: RowKey): RowTypes[N] | undefined {
    return this.list(table, user, ...key)[0];
  }

  list<N extends RowName>(table: N, user: UserRow, ...key: RowKey): RowTypes[N][] {
    return this.#loaded(table, [user.id, ...key]).map(({ row }) => row as unknown as RowTypes[N]);
  }

  shared<N extends SharedRowName>(table: N, ...key: RowKey): RowTypes[N] | undefined {
    return this.#loaded(table, key)[0]?.row as RowTypes[N] | undefined;
  }

  remove<N extends RowName>(table: N, row: RowTypes[N]): void {
    const entry = this.#entries(table, row as unknown as AnyRow).find(
      (candidate) => candidate.row === (row as unknown),
    );
    if (entry) entry.removed = true;
  }

  forget({ id, telegramId }: UserRow, at: Date, { keepPayments }: { keepPayments: boolean }): void {
    this.forgotten.push({ id, telegramId, deletedAt: at, keepPayments });
    this.#undo?.push(() => this.forgotten.pop());
  }

  add<N extends RowName>(table: N, newRow: NewRow<N>): RowTypes[N] {
    const row: AnyRow = { ...newRow };
    if (this.#tables.rows[table].namesNewIds) row['id'] = new NewId();
    const entries = this.#entries(table, row);
    entries.push({ row, original: undefined });
    this.#undo?.push(() => entries.pop());
    return row as unknown as RowTypes[N];
  }

  /** Those of a table's rows that are the only ones under their keys, by `keyId`. */
  *single(table: RowName): Iterable<[id: string | number, row: AnyRow]> {
    for (const [id, [entry, ...others]] of this.#groups.get(table) ?? []) {
      if (entry && !entry.removed && others.length === 0) yield [id, entry.row];
    }
  }

  /** Every user of the batch, before and after: for the leaderboard. */
  *moves(): Iterable<Move> {
    const gone = new Set(this.forgotten.map(({ id }) => id));
    for (const [entry] of this.#group('users').values()) {
      if (!entry) continue;
      const before = entry.original as unknown as UserRow;
      const after = entry.row as unknown as UserRow;
      yield {
        before: this.#created.has(after.telegramId) ? undefined : before,
        after: gone.has(after.id) ? undefined : after,
      };
    }
  }

  /** What differs from what was loaded, by table, in the order in which to write; tables without changes are left out. */
  changes(): Changes[] {
    const all: Changes[] = [];
    for (const [name, table] of Object.entries(this.#tables.rows)) {
      const group = this.#groups.get(name as RowName);
      if (!group) continue;
      const changes: Changes = { table, removed: [], inserted: [], updated: [], properties: new Set() };
      for (const entries of group.values()) for (const entry of entries) collect(entry, changes);
      if (changes.removed.length + changes.inserted.length + changes.updated.length > 0) all.push(changes);
    }
    return all;
  }

  #loaded(table: RowName, key: RowKey): Entry[] {
    const entries = this.#group(table).get(keyId(key));
    if (!entries) throw new Error(`${table} was read under a key that the operation's touches() does not name`);
    if (this.#undo) for (const entry of entries) this.#remember(entry);
    return entries.filter(({ removed }) => !removed);
  }

  #remember(entry: Entry): void {
    const before = { ...entry.row };
    const { removed = false } = entry;
    this.#undo?.push(() => {
      Object.assign(entry.row, before);
      entry.removed = removed;
    });
  }

  #group(table: RowName): Map<string | number, Entry[]> {
    let group = this.#groups.get(table);
    if (!group) {
      group = new Map();
      this.#groups.set(table, group);
    }
    return group;
  }

  #entries(table: RowName, row: AnyRow): Entry[] {
    const group = this.#group(table);
    const id = keyId(this.#tables.rows[table].key.map(({ property }) => row[property] as string | number));
    let entries = group.get(id);
    if (!entries) {
      entries = [];
      group.set(id, entries);
    }
    return entries;
  }
}

function collect({ row, original, removed }: Entry, changes: Changes): void {
  if (removed || !original) {
    // What was added and taken away again never was.
    if (original) changes.removed.push(row);
    else if (!removed) changes.inserted.push(row);
    return;
  }
  let differs = false;
  for (const { property } of changes.table.columns) {
    if (same(row[property], original[property])) continue;
    differs = true;
    changes.properties.add(property);
  }
  if (differs) changes.updated.push(row);
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (a instanceof Date && b instanceof Date && a.getTime() === b.getTime());
}

/** One word for a key. */
export const keyId = (key: RowKey): string | number =>
  key.length === 1 ? (key[0] as string | number) : JSON.stringify(key);
