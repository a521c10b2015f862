import pg from 'pg';

export type Row = Record<string, unknown>;

/** Runs one statement on a connection of its own, without any time limit; 64-bit numbers come as numbers. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
