import type { Database, Statement } from '../database.js';
import { type UserColumns, userView } from '../domain/user-view.js';
import { describeOutage } from '../failures.js';
import type { HotSessions } from '../hot/sessions.js';
import type { Logger } from '../logger.js';
import { describeTables } from './tables.js';

/** How often users whom nobody asks for any more are dropped from those who are watched. */
const UNWATCH_EVERY_MS = 3_600_000;

/** Users whose units were committed together: they are shown together. */
interface Round {
  readonly telegramIds: Set<number>;
  readonly shown: Promise<void>;
}

/** Shows the users whom bots read with their sessions as the database has them, in the hot sessions. */
export class HotUsers {
  readonly #database: Database;
  readonly #sessions: HotSessions;
  readonly #logger: Logger;
  readonly #read: Statement;
  #gathering: Round | undefined;
  #unwatchAt = 0;

  constructor(database: Database, sessions: HotSessions, logger: Logger) {
    const columns = describeTables(database).rows.users.columns.map(({ name, property }) => `${name} AS "${property}"`);
    const these = database.dialect === 'postgres' ? '= ANY($1::bigint[])' : 'IN (SELECT value FROM json_each($1))';
    this.#read = { text: `SELECT ${columns.join(', ')} FROM users WHERE telegram_id ${these}` };
    this.#database = database;
    this.#sessions = sessions;
    this.#logger = logger;
  }

  /**
   * Takes in users of committed units. All jobs of a batch hand in theirs in one go, and one command asks for all of
   * them who is watched.
   *
   * @returns when no reader is shown what was before the commit
   */
  show(telegramIds: readonly number[]): Promise<void> {
    if (!this.#gathering) {
      const round = new Set<number>();
      // A microtask later: the jobs of a batch resume one right after the other.
      this.#gathering = { telegramIds: round, shown: Promise.resolve().then(() => this.#showAll(round)) };
    }
    for (const telegramId of telegramIds) this.#gathering.telegramIds.add(telegramId);
    return this.#gathering.shown;
  }

  async #showAll(telegramIds: ReadonlySet<number>): Promise<void> {
    this.#gathering = undefined;
    if (telegramIds.size === 0) return;
    const watched = await this.#sessions.watched([...telegramIds]);
    this.#unwatchNowAndThen();
    // First taken away and then read: what another worker commits after that takes away this lease in its turn.
    const leases = await Promise.all(watched.map((telegramId) => this.#sessions.outdateUser(telegramId)));
    const hot = watched.filter((_, index) => leases[index] !== undefined);
    if (hot.length === 0) return;
    const users = await this.#readUsers(hot);
    if (!users) return;
    const put = (telegramId: number, index: number) =>
      this.#sessions.showUser(telegramId, leases[index] as string, users.get(telegramId) ?? null);
    await Promise.all(watched.map((telegramId, index) => leases[index] && put(telegramId, index)));
  }

  async #readUsers(telegramIds: readonly number[]) {
    const values = this.#database.dialect === 'postgres' ? telegramIds : JSON.stringify(telegramIds);
    try {
      const rows = (await this.#database.read(this.#read, [values])) as unknown as UserColumns[];
      return new Map(rows.map((row) => [row.telegramId, userView(row)]));
    } catch (error) {
      // What is not there is asked for by the next reader.
      this.#logger.warn({ err: describeOutage(error) }, 'hot users are left to the next reader');
      return undefined;
    }
  }

  #unwatchNowAndThen(): void {
    if (Date.now() < this.#unwatchAt) return;
    this.#unwatchAt = Date.now() + UNWATCH_EVERY_MS;
    this.#sessions.unwatch().catch((error: Error) => this.#logger.warn({ err: error.message }, 'Redis'));
  }
}
