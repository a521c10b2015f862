import { Registry } from 'prom-client';
import type { Database, SqlSession, Statement } from '../database.js';
import { within } from '../deadline.js';
import { defaultSettings, type Settings } from '../domain/settings.js';
import { type CheckedUnit, isAlone } from '../operations/unit.js';
import { applyEach, applyInOrder } from './apply.js';
import { BatchMetrics } from './batch-metrics.js';
import { blame, CrowdedError, explain, LockedError, LostRaceError, OutageError, RuleFailures } from './failures.js';
import { flush } from './flush.js';
import { recordKeptPayments } from './kept-payments.js';
import { readLedger, record, repeated, splitByLedger, type UnitResult } from './ledger.js';
import { createMissingUsers, loadTouched, lockUsers } from './load.js';
import { LockedUsers } from './locked-users.js';
import { LoneUnits } from './lone-units.js';
import { RankKeeper } from './ranks.js';
import { type LedgerState, readState } from './state.js';
import { findHeldUsers, strangersWrite } from './strangers.js';
import { describeTables, type Tables } from './tables.js';
import { findGraves, isBuried, outcomesOfBuried } from './tombstones.js';
import { Turn } from './turn.js';
import { usersOf } from './users-of.js';
import { WorkingSet } from './working-set.js';

/** Times that a batch which lost a race for a unique index runs again before its units are looked at one by one. */
const RACE_RETRIES = 5;

/** A database that answers this soon is there, and what took too long was too much at once. */
const ANSWERS_WITHIN_MS = 1_000;

/** When it is known that somebody holds a row, but not which, no transaction waits longer for it. */
const HURRY: Statement = { text: `SET LOCAL lock_timeout = '300ms'` };

/** How a batch is committed. */
interface Way {
  readonly apply: typeof applyInOrder;
  /** How many more times it may be halved, with all that comes of it. */
  readonly halvings: { left: number };
  /** Whether not to wait for rows that somebody holds. */
  readonly hurry: boolean;
}

interface CommitterOptions {
  settings?: Settings;
  now?: () => Date;
  onEvents?: () => void;
  metrics?: BatchMetrics;
  onLocked?: (users: number) => void;
}

/**
 * Applies batches of units, each batch in one transaction. The result is what applying the units one by one, in
 * order, would give; a unit that fails, fails alone.
 */
export class Committer {
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #ranks = new RankKeeper();
  readonly #lone: LoneUnits;
  readonly #settings: Settings;
  readonly #now: () => Date;
  readonly #onEvents: () => void;
  readonly #metrics: BatchMetrics;
  readonly #onLocked: (users: number) => void;
  readonly #locked = new LockedUsers();

  /**
   * @param settings what the installation decides about the rules
   * @param now the clock that bounds the bots' own times: nothing happened later than its commit
   * @param onEvents is called after each commit that put events into the outbox
   * @param metrics measure the transactions
   * @param onLocked is called with how many users somebody else was found to have locked for long
   */
  constructor(
    database: Database,
    {
      settings = defaultSettings,
      now = () => new Date(),
      onEvents = () => undefined,
      metrics = new BatchMetrics(new Registry()),
      onLocked = () => undefined,
    }: CommitterOptions = {},
  ) {
    this.#settings = settings;
    this.#database = database;
    this.#tables = describeTables(database);
    this.#lone = new LoneUnits(database, this.#tables, this.#ranks, settings);
    this.#now = now;
    this.#onEvents = onEvents;
    this.#metrics = metrics;
    this.#onLocked = onLocked;
  }

  /**
   * Applies units in order.
   *
   * @param turn their place among batches that are committed at the same time; by default they are the only ones
   * @param mostHalvings how long to look for units that the database refuses
   * @returns a result per unit, in the order of the units
   * @throws OutageError when the database is away; then nothing of this call is known to be applied, and running it
   *   again is safe
   * @throws CrowdedError when there are more of them than that finds; running the units again is safe
   */
  async commit(
    units: readonly CheckedUnit[],
    turn = new Turn(),
    mostHalvings = Number.POSITIVE_INFINITY,
  ): Promise<UnitResult[]> {
    const results = this.#locked.isEmpty ? new Map<CheckedUnit, UnitResult>() : await this.#setAside(units);
    const batches = apart(results.size > 0 ? units.filter((unit) => !results.has(unit)) : units);
    if (batches.length > 1) await turn.stumble();
    for (const batch of batches) {
      const way = { apply: applyInOrder, halvings: { left: mostHalvings }, hurry: false };
      for (const [unit, result] of await this.#settle(batch, turn, way)) results.set(unit, result);
    }
    return units.map((unit) => results.get(unit) as UnitResult);
  }

  /** One transaction if all goes well; otherwise as few as it takes to find who is to blame. */
  async #settle(units: readonly CheckedUnit[], turn: Turn, way: Way): Promise<Map<CheckedUnit, UnitResult>> {
    let races = 0;
    let slow = 0;
    for (;;) {
      try {
        return await this.#commitBatch(units, turn, way);
      } catch (error) {
        this.#metrics.countRollback(error);
        await turn.stumble();
        const whose = blame(error);
        if (whose === 'database') throw new OutageError(error);
        if (whose === 'race' && races++ < RACE_RETRIES) continue;
        if (whose === 'locked' && !way.hurry) return this.#settleUnlocked(units, turn, way);
        if (whose === 'slow') {
          await this.#expectAnswer(error);
          // What froze for as long may go through now.
          if (units.length === 1 && slow++ === 0) continue;
        }
        if (units.length === 1) return this.#failed(units, whose === 'locked' ? new LockedError() : error);
        if (!(error instanceof RuleFailures)) return this.#settleHalves(units, turn, way);
        // One bad unit may have misled the next: first of all it must be known which ones fail by themselves.
        if (way.apply === applyInOrder) return this.#settle(units, turn, { ...way, apply: applyEach });
        const { failures } = error;
        const innocent = units.filter((unit) => !failures.has(unit));
        const settled = innocent.length > 0 ? await this.#settle(innocent, turn, { ...way, apply: applyInOrder }) : [];
        return new Map([...settled, ...this.#failed([...failures.keys()], error)]);
      }
    }
  }

  /**
   * Somebody holds a row. If it is another worker, it is waited for. The units of users whom a stranger holds are set
   * aside; what else a stranger may hold, halving finds.
   */
  async #settleUnlocked(units: readonly CheckedUnit[], turn: Turn, way: Way): Promise<Map<CheckedUnit, UnitResult>> {
    const held = await this.#ask(findHeldUsers(this.#database, this.#tables, units.flatMap(usersOf)));
    if (held.size === 0) {
      const hurry = await this.#ask(strangersWrite(this.#database));
      return this.#settle(units, turn, { ...way, hurry });
    }
    this.#onLocked(held.size);
    this.#locked.add(held);
    const aside = setAside(units, held);
    const others = units.filter((unit) => !aside.has(unit));
    return others.length === 0 ? aside : new Map([...aside, ...(await this.#settle(others, turn, way))]);
  }

  /** The units of users that were locked a moment ago and still are. */
  async #setAside(units: readonly CheckedUnit[]): Promise<Map<CheckedUnit, UnitResult>> {
    const suspects = this.#locked.among(units.flatMap(usersOf));
    if (suspects.length === 0) return new Map();
    const held = await this.#ask(findHeldUsers(this.#database, this.#tables, suspects));
    this.#locked.update(suspects, held);
    return setAside(units, held);
  }

  async #ask<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      throw new OutageError(error);
    }
  }

  async #expectAnswer(error: unknown): Promise<void> {
    await within(ANSWERS_WITHIN_MS, this.#database.ping()).catch(() => {
      throw new OutageError(error);
    });
  }

  /** The suspect is not known: halving finds it in about log₂ commits. */
  async #settleHalves(units: readonly CheckedUnit[], turn: Turn, way: Way) {
    if (way.halvings.left-- <= 0) throw new CrowdedError();
    const middle = Math.ceil(units.length / 2);
    const first = await this.#settle(units.slice(0, middle), turn, way);
    const second = await this.#settle(units.slice(middle), turn, way);
    return new Map([...first, ...second]);
  }

  #failed(units: readonly CheckedUnit[], error: unknown): Map<CheckedUnit, UnitResult> {
    const causeOf = (unit: CheckedUnit) => (error instanceof RuleFailures ? error.failures.get(unit) : error) as Error;
    return new Map(units.map((unit) => [unit, { status: 'failed', error: explain(unit, causeOf(unit)) }]));
  }

  async #commitBatch(units: readonly CheckedUnit[], turn: Turn, { apply, hurry }: Way) {
    const start = performance.now();
    const [lone, ...others] = units;
    const mayGoAlone = others.length === 0 && turn.isFirst && !hurry;
    const applied = lone && mayGoAlone ? await this.#lone.commit(lone, this.#now()) : undefined;
    if (lone && applied) {
      this.#metrics.countCommit(1, performance.now() - start);
      return new Map([[lone, applied]]);
    }
    let again = false;
    let events = false;
    let left: { rows: WorkingSet; state: LedgerState } | undefined;
    const committed = await this.#database.transaction(async (session: SqlSession) => {
      if (again) {
        this.#metrics.countDeadlock();
        await turn.stumble();
      }
      again = true;
      if (hurry && session.dialect === 'postgres') session.send(HURRY, []);
      const now = this.#now();
      const rows = new WorkingSet(this.#tables);
      // One round trip: what comes after the lock on the users sees what was committed before it was got.
      const [, ledgerRows, state] = await Promise.all([
        lockUsers(session, this.#tables, rows, units),
        readLedger(session, this.#tables.ledger, units),
        readState(session),
      ]);
      const { fresh, settled, copies } = splitByLedger(units, ledgerRows);
      await this.#ranks.catchUp(session, state.rankVersion);
      const graves = await findGraves(session, this.#tables, fresh, state, now);
      const ofDeleted = await recordKeptPayments(session, this.#tables, fresh, graves, now);
      for (const unit of fresh) {
        if (!ofDeleted.has(unit) && isBuried(unit, graves, now)) ofDeleted.set(unit, outcomesOfBuried(unit));
      }
      const living = ofDeleted.size > 0 ? fresh.filter((unit) => !ofDeleted.has(unit)) : fresh;
      await this.#createUsers(session, rows, living, now);
      await loadTouched(session, this.#tables, rows, living);
      const outcomes = apply(living, rows, now, this.#settings);
      for (const [unit, dropped] of ofDeleted) outcomes.set(unit, dropped);
      await flush(session, this.#tables, rows);
      events = rows.hasEvents;
      left = { rows, state };
      this.#ranks.book(session, rows);
      const deletions = living.filter(isAlone);
      record(session, this.#tables, outcomes, new Set([...ofDeleted.keys(), ...deletions]), now);
      await turn.mayCommit();
      // SQLite has one writer: the next batch would only wait for it.
      if (session.dialect === 'postgres') turn.sent();

      const results = new Map<CheckedUnit, UnitResult>(settled);
      for (const [unit, applied] of outcomes) results.set(unit, { status: 'applied', outcomes: applied });
      for (const [copy, original] of copies) results.set(copy, repeated(results.get(original) as UnitResult));
      return results;
    });
    this.#metrics.countCommit(units.length, performance.now() - start);
    if (left) this.#lone.keep(units, left.rows, left.state);
    if (events) this.#onEvents();
    return committed;
  }

  async #createUsers(session: SqlSession, rows: WorkingSet, units: readonly CheckedUnit[], now: Date): Promise<void> {
    const missing = await createMissingUsers(session, this.#tables, rows, units, now);
    if (missing === 0) return;
    // Somebody else had created a user, whom a deletion took away before we held them.
    if (!units.flatMap(usersOf).every((telegramId) => rows.knows(telegramId))) throw new LostRaceError();
    // There was no row to lock: a deletion may have passed since our look, even if somebody created the user after it.
    const graves = await findGraves(session, this.#tables, units, await readState(session), now);
    if (units.some((unit) => isBuried(unit, graves, now))) throw new LostRaceError();
  }
}

/** The units that name one of these users, which somebody else has locked. */
function setAside(units: readonly CheckedUnit[], locked: ReadonlySet<number>): Map<CheckedUnit, UnitResult> {
  const aside = units.filter((unit) => usersOf(unit).some((telegramId) => locked.has(telegramId)));
  return new Map(aside.map((unit) => [unit, { status: 'failed', error: new LockedError() }]));
}

/** Cuts before and after each unit that wants to be committed by itself. */
function apart(units: readonly CheckedUnit[]): CheckedUnit[][] {
  const batches: CheckedUnit[][] = [];
  let open: CheckedUnit[] | undefined;
  for (const unit of units) {
    const alone = isAlone(unit);
    if (open && !alone) open.push(unit);
    else batches.push([unit]);
    open = alone ? undefined : batches.at(-1);
  }
  return batches;
}
