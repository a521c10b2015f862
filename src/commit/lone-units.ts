import type { Database, Row } from '../database.js';
import type { RowKey, RowName } from '../domain/rows.js';
import type { Settings } from '../domain/settings.js';
import { earlier } from '../domain/time.js';
import { type CheckedUnit, isAlone } from '../operations/unit.js';
import { applyUnit } from './apply.js';
import { ledgerRow, type UnitResult } from './ledger.js';
import { touchedBy } from './load.js';
import type { RankKeeper } from './ranks.js';
import type { LedgerState } from './state.js';
import { type KnownWrite, writeIfStill } from './statements.js';
import type { Table, Tables } from './tables.js';
import { usersOf } from './users-of.js';
import { keyId, WorkingSet } from './working-set.js';

/** Users who are remembered: those of a busy hour. */
const MOST_USERS = 10_000;

/** Characters of one column. So what is remembered are a few megabytes, and tens of them at most. */
const LONGEST_TEXT = 2_048;

/** How many units at most are not even tried after others were in vain. */
const LONGEST_BREAK = 63;

/** A user's rows as commits of single units left them. */
interface KnownUser {
  /** By table and key. */
  readonly rows: Map<string, Row>;
  /** Until when all deletions of users are known. A later one of this user changes their row. */
  readonly lastDeletion: Date | undefined;
}

/**
 * Commits a unit that comes alone in one round trip. The rules run on what is remembered of its user, and one statement
 * writes what they made of it, if everything is still so: PostgreSQL locks the rows and compares their versions. What
 * is not as it was remembered, or would take more than that statement, is left to the way of batches.
 */
export class LoneUnits {
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #ranks: RankKeeper;
  readonly #settings: Settings;
  /** The tables whose rows are remembered. */
  readonly #names: readonly RowName[];
  readonly #users = new Map<number, KnownUser>();
  /** Where others commit for the same users, memories are worth little, and a try in vain is a round trip lost. */
  #break = { left: 0, length: 0 };

  constructor(database: Database, tables: Tables, ranks: RankKeeper, settings: Settings) {
    this.#database = database;
    this.#tables = tables;
    this.#ranks = ranks;
    this.#settings = settings;
    this.#names = (Object.keys(tables.rows) as RowName[]).filter((name) => tables.rows[name].remembered);
  }

  /**
   * Tries to commit a unit that nothing comes before.
   *
   * @returns its result; undefined when nothing was written, also not that it was tried
   * @throws the driver's error; that its key was used before is one, of a unique index
   */
  async commit(unit: CheckedUnit, now: Date): Promise<UnitResult | undefined> {
    const [telegramId, ...others] = usersOf(unit);
    if (telegramId === undefined || others.length > 0 || isAlone(unit)) return undefined;
    const user = this.#users.get(telegramId);
    if (!user || this.#ranks.version === undefined) return undefined;
    if (user.lastDeletion && earlier(unit.at, now) <= user.lastDeletion) return undefined;
    if (this.#break.left > 0) {
      this.#break.left--;
      return undefined;
    }

    const applied = this.#apply(unit, telegramId, user, now);
    if (!applied) return undefined;
    const { rows, changes, outcomes } = applied;
    this.#users.delete(telegramId);
    const [versions] = await this.#database.write(...writeIfStill(this.#tables, applied));
    this.#note(versions !== undefined);
    if (!versions) return undefined;
    for (const [index, { updated }] of changes.entries())
      Object.assign(updated[0] as Row, { rowVersion: versions[index] });
    this.#remember(telegramId, rows, user, user.lastDeletion);
    return { status: 'applied', outcomes };
  }

  /** Takes in how a batch left the rows of its users; only that of a single unit says in which version they are. */
  keep(units: readonly CheckedUnit[], rows: WorkingSet, { lastDeletion }: LedgerState): void {
    if (this.#database.dialect === 'sqlite' || (units.length > 1 && this.#users.size === 0)) return;
    const users = units.flatMap(usersOf);
    const [telegramId] = users;
    const before = this.#users.get(telegramId ?? Number.NaN);
    for (const user of users) this.#users.delete(user);
    if (units.length === 1 && users.length === 1 && !units.some(isAlone))
      this.#remember(telegramId as number, rows, before, lastDeletion);
  }

  /** @param before what else was remembered: its versions tell whether it still holds */
  #remember(telegramId: number, rows: WorkingSet, before: KnownUser | undefined, lastDeletion: Date | undefined): void {
    const remembered = new Map(before?.rows);
    for (const name of this.#names) {
      for (const [id, row] of rows.single(name)) {
        const kept = row['rowVersion'] ? withoutTexts(this.#tables.rows[name], row) : undefined;
        if (kept) remembered.set(`${name} ${id}`, kept);
        else remembered.delete(`${name} ${id}`);
      }
    }
    // The longest unused goes first.
    if (this.#users.size >= MOST_USERS) this.#users.delete(this.#users.keys().next().value as number);
    this.#users.set(telegramId, { rows: remembered, lastDeletion });
  }

  /** What becomes of the remembered rows; undefined when one is missing, or more is to be written than fits. */
  #apply(unit: CheckedUnit, telegramId: number, user: KnownUser, now: Date) {
    const rows = new WorkingSet(this.#tables);
    const known = this.#recall(unit, telegramId, user, rows);
    if (!known) return undefined;
    const outcomes = this.#run(unit, rows, now);
    const changes = rows.changes();
    const onlyUpdates = changes.every(({ removed, inserted }) => removed.length + inserted.length === 0);
    if (!outcomes || !onlyUpdates || this.#ranks.changes(rows).length > 0) return undefined;
    const rankVersion = this.#ranks.version as number;
    return { rows, known, changes, outcomes, ledgerRow: ledgerRow(unit, telegramId, outcomes, now), rankVersion };
  }

  /** Fills the working set with what the unit touches, as far as it is remembered; undefined when that is not all. */
  #recall(unit: CheckedUnit, telegramId: number, user: KnownUser, rows: WorkingSet): KnownWrite['known'] | undefined {
    const known: { table: Table; row: Row }[] = [];
    const take = (name: RowName, key: RowKey): boolean => {
      const row = user.rows.get(`${name} ${keyId(key)}`);
      if (!row) return false;
      rows.take(name, [key], [{ ...row }]);
      known.push({ table: this.#tables.rows[name], row });
      return true;
    };
    if (!take('users', [telegramId])) return undefined;
    for (const [name, keys] of touchedBy([unit], this.#tables, rows)) {
      for (const key of keys.values()) if (!take(name, key)) return undefined;
    }
    return known;
  }

  /** What a rule that throws leaves behind goes with the working set; in a batch it throws again, and is dealt with. */
  #run(unit: CheckedUnit, rows: WorkingSet, now: Date): readonly unknown[] | undefined {
    try {
      return applyUnit(unit, rows, now, this.#settings);
    } catch {
      return undefined;
    }
  }

  #note(written: boolean): void {
    const length = written ? 0 : Math.min(2 * this.#break.length + 1, LONGEST_BREAK);
    this.#break = { left: length, length };
  }
}

/** A row as it is loaded, without what is only written; undefined when what is left is too large. */
function withoutTexts({ columns }: Table, row: Row): Row | undefined {
  const kept: Row = { rowVersion: row['rowVersion'] };
  for (const { property, writeOnly } of columns) {
    const value = row[property];
    if (writeOnly) continue;
    if (typeof value === 'string' && value.length > LONGEST_TEXT) return undefined;
    kept[property] = value;
  }
  return kept;
}
