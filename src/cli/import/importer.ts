import { ValidationError } from '../../errors.js';
import { compare } from './compare.js';
import { type PlannedRow, type PlanOptions, planRow } from './plan.js';
import { CONFLICT, type ImportQueue, type Outcome } from './queue.js';
import type { Report } from './report.js';
import type { Row } from './rows.js';
import type { ImportStore, StoredUser } from './store.js';
import { add, emptyTally } from './tally.js';

/** What an import works with. */
export interface ImporterOptions {
  plan: PlanOptions;
  store: ImportStore;
  /** Absent: nothing is sent, only counted. */
  queue: ImportQueue | undefined;
  report: Report;
}

/** Imports rows by the chunk. Chunks may overlap in time, because no user is in two of them. */
export class Importer {
  readonly #options: ImporterOptions;
  readonly #since = new Date();
  readonly #seen = new Set<number>();
  readonly tally = emptyTally();

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /**
   * Plans, sends and checks rows. Chunks are to be handed in in the order of the file.
   *
   * @throws Error when the database, Redis or the workers are away
   */
  async take(rows: readonly Row[]): Promise<void> {
    const { store, queue } = this.#options;
    const planned = this.#plan(rows);
    // Before the ledger is read: so a unit of an earlier run that is applied just now counts as applied before.
    const before = await store.users(planned.map(({ telegramId }) => telegramId));
    const { fresh, repeated } = await this.#splitByLedger(planned);
    this.tally.before += repeated.length;
    this.tally.known += fresh.filter(({ telegramId }) => before.has(telegramId)).length;
    const imported = queue ? await this.#send(queue, fresh) : fresh;
    this.tally.imported += imported.length;
    if (queue) await this.#check(imported, repeated, before);
  }

  #plan(rows: readonly Row[]): PlannedRow[] {
    this.tally.rows += rows.length;
    return rows.flatMap((row) => {
      try {
        const planned = planRow(row, this.#options.plan);
        if (this.#seen.has(planned.telegramId)) {
          throw new ValidationError(['this id stands in the file before: the first one counts']);
        }
        this.#seen.add(planned.telegramId);
        add(this.tally.file, planned.adds);
        return [planned];
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error;
        this.#reject(row, row.id, error.message);
        return [];
      }
    });
  }

  async #splitByLedger(planned: readonly PlannedRow[]): Promise<{ fresh: PlannedRow[]; repeated: PlannedRow[] }> {
    const hashes = await this.#options.store.appliedHashes(planned.map(({ key }) => key));
    const fresh: PlannedRow[] = [];
    const repeated: PlannedRow[] = [];
    for (const row of planned) {
      const hash = hashes.get(row.key);
      if (hash === undefined) fresh.push(row);
      else if (hash === row.contentHash) repeated.push(row);
      else this.#reject(row, String(row.telegramId), CONFLICT);
    }
    return { fresh, repeated };
  }

  async #send(queue: ImportQueue, fresh: readonly PlannedRow[]): Promise<PlannedRow[]> {
    const isApplied = async (rows: readonly PlannedRow[]) => {
      const hashes = await this.#options.store.appliedHashes(rows.map(({ key }) => key));
      return new Set(rows.filter(({ key, contentHash }) => hashes.get(key) === contentHash));
    };
    const results = await queue.apply(fresh, isApplied);
    return fresh.filter((row) => {
      const result = results.get(row) as Outcome;
      const reason = 'reason' in result ? result.reason : undefined;
      if (reason !== undefined) this.#reject(row, String(row.telegramId), reason);
      else if ((lastOf(result) as { saved?: boolean } | undefined)?.saved === false) this.tally.newerKept++;
      return reason === undefined;
    });
  }

  async #check(imported: PlannedRow[], repeated: PlannedRow[], before: Map<number, StoredUser>): Promise<void> {
    const { store, plan, report } = this.#options;
    const odd = await compare({ imported, repeated, before, store, at: plan.at, since: this.#since }, this.tally.check);
    for (const { row, reason } of odd) report.add({ ...row, id: String(row.telegramId), reason });
  }

  #reject(place: { line: number; offset: number }, id: string, reason: string): void {
    this.tally.rejected++;
    this.#options.report.add({ line: place.line, offset: place.offset, id, reason });
  }
}

const lastOf = (result: Outcome) => ('outcomes' in result ? result.outcomes.at(-1) : undefined);
