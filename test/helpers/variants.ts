import { Database, type DatabaseOptions, type SqlSession } from '../../src/database.js';
import { closeAll } from '../../src/lifecycle.js';
import { BotSession, IdempotencyKey, User, UserBadge } from '../../src/models/index.js';
import { type FreshDatabase, freshDatabase } from './databases.js';

/** The databases that commits are tried on, with and without the settings of a commit worker. */
export const variants = [
  { name: 'PostgreSQL', dialect: 'postgres', lookupsOnly: false },
  { name: 'PostgreSQL as a worker sets it', dialect: 'postgres', lookupsOnly: true },
  { name: 'SQLite', dialect: 'sqlite', lookupsOnly: false },
] as const;

/** Opens a new database before each test, and closes it with everything opened on it afterwards. */
export function eachOn({ dialect, lookupsOnly }: (typeof variants)[number]) {
  let fresh: FreshDatabase;
  const opened: Database[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase(dialect, { lookupsOnly });
  });
  afterEach(() => closeAll([fresh, ...opened.splice(0)]));

  return {
    get database() {
      return fresh.database;
    },
    get url() {
      return fresh.url;
    },
    /** One more Database on the same data, as another process has it. */
    open<D extends Database>(kind: new (options: DatabaseOptions) => D): D {
      const database = new kind({ url: fresh.url, lookupsOnly });
      opened.push(database);
      return database;
    },
    users: () => fresh.database.sequelize.getRepository(User).findAll({ order: ['telegramId'] }),
    badges: () => fresh.database.sequelize.getRepository(UserBadge).findAll({ order: ['id'] }),
    sessions: () => fresh.database.sequelize.getRepository(BotSession).findAll({ order: ['id'] }),
    ledger: () => fresh.database.sequelize.getRepository(IdempotencyKey).findAll({ order: ['botName', 'key'] }),
  };
}

/** Counts the transactions that are begun. */
export class CountingDatabase extends Database {
  transactions = 0;
  override transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    this.transactions++;
    return super.transaction(work);
  }
}
