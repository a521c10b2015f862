import { Database } from '../src/database.js';
import { pruneLedger } from '../src/schedule/prune-ledger.js';
import { serve, settings } from './serve.js';

// Prunes the ledger as the schedule worker does, in a process of its own.

/** Where the ledger is. */
export interface PruneSettings {
  databaseUrl: string;
}

const { databaseUrl } = settings<PruneSettings>();

serve({
  /** Deletes what is older than thirty days; says how many rows that were. */
  async prune(): Promise<number> {
    const database = new Database({ url: databaseUrl });
    const { pruned } = await pruneLedger({ database, config: { ledgerRetentionDays: 30 } });
    await database.close();
    return pruned;
  },
});
