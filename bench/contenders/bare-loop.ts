import pg from 'pg';
import { kindOf } from '../../src/failures.js';
import { keyOf, type Range, userOf, XP } from '../workload.js';
import type { Contender } from './contender.js';
import { launchWorker } from './launch.js';
import { INSERT_LEDGER, UPDATE_USERS } from './sql.js';

/** Rows of one transaction. As USERS is a multiple of it, no user is in a batch twice. */
const BATCH = 500;

/** The limit: no queue, a loop of transactions that are as large as those of the peers. */
const bareLoop = (name: string, title: string, units: number, connections: number): Contender => ({
  title,
  units,
  processes: 1,
  commits: true,
  fill: async () => undefined,
  launch: (places) => launchWorker(name, places),
  async work({ databaseUrl, range }) {
    const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: databaseUrl }));
    await Promise.all(clients.map((client) => client.connect()));
    const batches = batchesOf(range);
    return {
      finished: Promise.all(clients.map((client) => run(client, batches))).then(() => undefined),
      async close() {
        await Promise.all(clients.map((client) => client.end()));
      },
    };
  },
});

export const bareLoop1 = bareLoop('bareLoop1', 'bare 500-row transactions', 120_000, 1);
export const bareLoop2 = bareLoop('bareLoop2', 'bare 500-row transactions, two connections', 200_000, 2);

function* batchesOf({ from, to }: Range): Generator<Range> {
  for (let start = from; start < to; start += BATCH) yield { from: start, to: Math.min(to, start + BATCH) };
}

/** Takes batch after batch, until none is left. */
async function run(client: pg.Client, batches: Iterable<Range>): Promise<void> {
  for (const { from, to } of batches) {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    // Two connections may lock the same users in different orders; then one of them is refused.
    while (!(await commit(client, numbers)));
  }
}

/** @returns false when it was rolled back because of a deadlock */
async function commit(client: pg.Client, numbers: readonly number[]): Promise<boolean> {
  try {
    await client.query('BEGIN');
    await client.query({ name: 'ledger', text: INSERT_LEDGER, values: [numbers.map(keyOf)] });
    await client.query({ name: 'users', text: UPDATE_USERS, values: [numbers.map(userOf), numbers.map(() => XP)] });
    await client.query('COMMIT');
    return true;
  } catch (error) {
    if (kindOf(error) !== 'deadlock') throw error;
    await client.query('ROLLBACK');
    return false;
  }
}
