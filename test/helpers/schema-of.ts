import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';

/** Everything that the database knows about its tables, as comparable text. */
export async function schemaOf({ sequelize, dialect }: Database): Promise<unknown[]> {
  const catalog = {
    sqlite: 'SELECT type, name, sql FROM sqlite_master ORDER BY name',
    postgres: `
      SELECT 'column' AS type, table_name || '.' || column_name AS name,
        concat_ws(' ', data_type, is_nullable, column_default, identity_generation) AS sql
      FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      ORDER BY 1, 2`,
  };
  return sequelize.query(catalog[dialect], { type: QueryTypes.SELECT });
}
