import type { JsonObject } from '../domain/views.js';
import type { JobAddress, NotedSession } from '../hot/sessions.js';
import { findOperation, type OperationName, operationNames, type SubjectOf } from '../operations/registry.js';
import type { WireOperation } from '../operations/unit.js';
import type { UnitMethods } from './methods.js';
import type { Reads } from './reads.js';
import { Receipt } from './receipt.js';
import { withValue } from './session-document.js';
import { type MethodArguments, wireOperation } from './unit-builder.js';

/** The reads that name a user. */
const userReads = [
  'getSession',
  'getUserSession',
  'getUser',
  'getBadges',
  'hasBadge',
  'countBadges',
  'checkAccess',
  'getActiveSubscription',
  'getTrainingHistory',
  'getPayments',
  'getRank',
  'exportUser',
] as const satisfies (keyof Reads)[];

type UserRead = (typeof userReads)[number];

/** A function without its first argument, the user. */
type Bound<F> = F extends (telegramId: number, ...rest: infer R) => infer O ? (...rest: R) => O : never;

/** Notes operations on one user: they go out together, when the update is handled. */
type UserWrites = { [N in OperationName]: SubjectOf<N> extends 'none' ? UnitMethods[N] : Bound<UnitMethods[N]> };

type UserReads = { [R in UserRead]: Bound<Reads[R]> };

/** What an update needs of its ledger. */
export interface UpdateHost {
  readonly reads: Reads;
  readNoted(telegramId: number): Promise<{ session: JsonObject; units: NotedSession['units'] }>;
  send(units: readonly UpdateUnit[]): Promise<Receipt<unknown[]>[]>;
  receiptOf(address: JobAddress, key: string): Receipt<unknown[]>;
  /** Runs the work when nobody else of this process works on these users' sessions. */
  alone<T>(telegramIds: readonly number[], work: () => Promise<T>): Promise<T>;
}

/** A unit as an update sends it. */
export interface UpdateUnit {
  key: string;
  operations: WireOperation[];
  /** Users whose hot sessions note its key. */
  noteFor: readonly number[];
}

/** One update of Telegram while it is handled: gathers what is written, for one unit with one key. */
export class Update {
  readonly #id: number;
  readonly #host: UpdateHost;
  readonly #sessions = new Map<number, Map<string, unknown>>();
  readonly #known = new Map<string, JobAddress>();
  readonly #seen = new Set<number>();
  readonly #deleted = new Set<number>();
  #operations: WireOperation[] = [];
  #keys = 0;

  constructor(id: number, host: UpdateHost) {
    this.#id = id;
    this.#host = host;
  }

  note(operation: WireOperation): void {
    this.#operations.push(operation);
    if (findOperation(operation.name)?.name === 'deleteUser') this.#deleted.add(operation.telegramId as number);
  }

  /** Notes a session, or that it is removed. */
  noteSession(telegramId: number, name: string, value: unknown): void {
    const values = this.#sessions.get(telegramId) ?? new Map<string, unknown>();
    this.#sessions.set(telegramId, values.set(name, value));
  }

  /** A user's session as this update has it: what it read, with what it noted. */
  async session(telegramId: number): Promise<JsonObject> {
    const { session, units } = await this.#host.readNoted(telegramId);
    this.#seen.add(telegramId);
    for (const [key, address] of units) this.#known.set(key, address);
    let document = session;
    for (const [name, value] of this.#sessions.get(telegramId) ?? []) document = withValue(document, name, value);
    return document;
  }

  /** Sends what was noted so far, besides sessions. */
  send(): Promise<Receipt<unknown[]>> {
    return this.#dispatch(this.#operations.splice(0));
  }

  /** Sends what is left, with the sessions. */
  async finish(): Promise<void> {
    const telegramIds = [...this.#sessions.keys()].filter((telegramId) => !this.#deleted.has(telegramId));
    await this.#host.alone(telegramIds, async () => {
      const saves = telegramIds.map(async (telegramId) => ({
        name: 'saveSession',
        telegramId,
        session: await this.session(telegramId),
      }));
      await this.#dispatch([...this.#operations.splice(0), ...(await Promise.all(saves))]);
    });
  }

  async #dispatch(operations: WireOperation[]): Promise<Receipt<unknown[]>> {
    const units = apart(operations).map((group) => ({ key: this.#nextKey(), operations: group }));
    const noteFor = [...this.#seen];
    const fresh = units.filter(({ key }) => !this.#known.has(key)).map((unit) => ({ ...unit, noteFor }));
    const sent = fresh.length > 0 ? await this.#host.send(fresh) : [];
    const receipts = new Map(sent.map((receipt) => [receipt.key, receipt]));
    // A redelivered update: what it writes was written, and answered, the first time.
    const all = units.map(
      ({ key }) => receipts.get(key) ?? this.#host.receiptOf(this.#known.get(key) as JobAddress, key),
    );
    return new Receipt(units[0]?.key ?? this.#key(0), async (timeoutMs) => {
      const outcomes = await Promise.all(all.map((receipt) => receipt.result({ timeoutMs })));
      return outcomes.flat();
    });
  }

  #nextKey(): string {
    return this.#key(this.#keys++);
  }

  #key(number: number): string {
    return number === 0 ? `upd-${this.#id}` : `upd-${this.#id}-${number + 1}`;
  }
}

/** The operations of a unit each: what wants to be alone in its unit is. */
function apart(operations: readonly WireOperation[]): WireOperation[][] {
  const groups: WireOperation[][] = [];
  let open: WireOperation[] | undefined;
  for (const operation of operations) {
    const alone = (findOperation(operation.name) as { alone?: boolean } | undefined)?.alone === true;
    if (open && !alone) open.push(operation);
    else groups.push([operation]);
    open = alone ? undefined : groups.at(-1);
  }
  return groups;
}

abstract class BoundToUser {
  protected readonly update: Update;
  protected readonly reads: Reads;
  readonly #telegramId: number | undefined;

  constructor(update: Update, reads: Reads, telegramId: number | undefined) {
    this.update = update;
    this.reads = reads;
    this.#telegramId = telegramId;
  }

  /** The user. @throws TypeError when the update names none */
  protected get user(): number {
    if (this.#telegramId !== undefined) return this.#telegramId;
    throw new TypeError('this update is of no user: say of whom by ctx.ledger.for(telegramId)');
  }
}

for (const name of operationNames) {
  Object.defineProperty(BoundToUser.prototype, name, {
    value(this: UpdateLedger, ...args: unknown[]) {
      const all = findOperation(name)?.subject === 'none' ? args : [this['user'], ...args];
      this['update'].note(wireOperation(name, all as MethodArguments).wire);
    },
  });
}

for (const name of userReads) {
  Object.defineProperty(BoundToUser.prototype, name, {
    value(this: UpdateLedger, ...args: unknown[]) {
      return (this['reads'][name] as (...all: unknown[]) => unknown)(this['user'], ...args);
    },
  });
}

// The methods are made from the registry, so a new operation needs no line here.
const WithMethods = BoundToUser as unknown as abstract new (
  update: Update,
  reads: Reads,
  telegramId: number | undefined,
) => BoundToUser & UserWrites & UserReads;

/**
 * The ledger as a handler of one update sees it: bound to the user, and to the update. Operations are noted, and go out
 * as one unit under the key `upd-<update_id>` when the update is handled; a handler that throws sends nothing. Reads
 * answer at once, and do not know of what was noted.
 *
 * @example
 * ctx.ledger.addXp({ xp: 10 });
 * ctx.ledger.awardBadge({ badgeType: 'first_steps' });
 */
export class UpdateLedger extends WithMethods {
  /** The same for another user: what is noted goes out with the rest. */
  for(telegramId: number): UpdateLedger {
    return new UpdateLedger(this.update, this.reads, telegramId);
  }

  /**
   * Sends what was noted so far, for a handler that needs the answer. What is noted afterwards goes out under
   * `upd-<update_id>-2`, and so on.
   *
   * @returns a receipt for the outcomes, in the order of the calls; of a redelivered update, those of the first time
   * @throws ValidationError, QueueUnavailableError as `BotLedger#unit`
   */
  send(): Promise<Receipt<unknown[]>> {
    return this.update.send();
  }
}
