import { readConfig } from '../config.js';
import { Database } from '../database.js';
import { endOnError, environment } from './process.js';

/** `botledger migrate`: brings the database's schema up to date. */
export const runMigrate = () =>
  endOnError(async () => {
    // It needs the database only: the other settings may be wrong or missing still.
    const { DATABASE_URL } = environment();
    const { databaseUrl } = readConfig({ DATABASE_URL }, { redisUrl: 'redis://127.0.0.1' });
    const database = new Database({ url: databaseUrl });
    try {
      const ran = await database.migrate();
      console.log(ran.length > 0 ? `Migrated: ${ran.join(', ')}` : 'Nothing to migrate: the schema is up to date');
    } finally {
      await database.close();
    }
  });
