import type { Model, ModelStatic } from 'sequelize';
import type { Database, Dialect } from '../database.js';
import type { RowName } from '../domain/rows.js';
import {
  BotSession,
  DeletedUser,
  FreeTraining,
  IdempotencyKey,
  IdempotencyKeyUser,
  OutboxEvent,
  Payment,
  Promocode,
  PromocodeUsage,
  Subscription,
  TrainingHistory,
  User,
  UserBadge,
} from '../models/index.js';

/** How a table is loaded and written by the commit. Columns and types come from its model. */
interface Definition {
  model: ModelStatic<Model>;
  /** The properties that rows are loaded by; `userId` comes first where rows belong to a user. */
  key: readonly string[];
  /** There is but one row under a key, and often the same one is asked for: it is remembered with its version. */
  remembered?: boolean;
  /** Rows are locked when they are loaded. Only what is not already behind its user's lock needs that. */
  lock?: boolean;
  /** Outcomes name the ids of new rows, so they are fetched before the insert. */
  namesNewIds?: boolean;
  /** Properties that rules write and never read, so they are not loaded: undefined means unchanged. */
  writeOnly?: readonly string[];
}

// In the order in which they are written: what a row refers to comes before it.
const definitions: Record<RowName, Definition> = {
  users: { model: User, key: ['telegramId'], remembered: true, lock: true },
  botSessions: { model: BotSession, key: ['userId', 'botName'], remembered: true, writeOnly: ['sessionData'] },
  userBadges: { model: UserBadge, key: ['userId', 'badgeType', 'earnedInBot'], writeOnly: ['metadata'] },
  subscriptions: { model: Subscription, key: ['userId'], namesNewIds: true },
  freeTrainings: { model: FreeTraining, key: ['userId'] },
  payments: {
    model: Payment,
    key: ['provider', 'paymentId'],
    lock: true,
    namesNewIds: true,
    writeOnly: ['description', 'metadata'],
  },
  promocodes: { model: Promocode, key: ['code'], lock: true, namesNewIds: true },
  promocodeUsage: { model: PromocodeUsage, key: ['userId'] },
  trainingHistory: { model: TrainingHistory, key: ['userId'], namesNewIds: true },
  // Its ids are given as the rows are inserted, under the lock of the user: for each user in the order of commits.
  outbox: { model: OutboxEvent, key: ['userId'] },
};

const ledgerDefinition: Definition = { model: IdempotencyKey, key: ['botName', 'key'] };
const ledgerUsersDefinition: Definition = { model: IdempotencyKeyUser, key: ['telegramId'] };
const tombstonesDefinition: Definition = { model: DeletedUser, key: ['telegramId'] };

/** How a column's values travel: as themselves, as decimals of two places, as a moment, or as JSON text. */
export type ColumnKind = 'number' | 'text' | 'money' | 'boolean' | 'time' | 'json';

export interface Column {
  /** Its name in the code, e.g. `totalXp`. */
  readonly property: string;
  /** Its name in the table, e.g. `total_xp`. */
  readonly name: string;
  readonly kind: ColumnKind;
  /** Its PostgreSQL type, for typed array parameters. */
  readonly sqlType: string;
  readonly writeOnly: boolean;
}

/** A table as the commit sees it. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly key: readonly Column[];
  /** Whether its rows are found by their user first. */
  readonly perUser: boolean;
  readonly remembered: boolean;
  readonly lock: boolean;
  readonly namesNewIds: boolean;
}

/** Every table of the commit, for one database. */
export interface Tables {
  readonly dialect: Dialect;
  readonly rows: Readonly<Record<RowName, Table>>;
  readonly ledger: Table;
  readonly ledgerUsers: Table;
  readonly tombstones: Table;
}

/** Reads the tables off the models, so that a new column is named in its model and nowhere else. */
export function describeTables({ sequelize, dialect }: Database): Tables {
  const describe = (definition: Definition) =>
    describeTable(sequelize.getRepository(definition.model as never) as ModelStatic<Model>, definition);
  const rows = Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, describe(definition)]),
  );
  return {
    dialect,
    rows: rows as Record<RowName, Table>,
    ledger: describe(ledgerDefinition),
    ledgerUsers: describe(ledgerUsersDefinition),
    tombstones: describe(tombstonesDefinition),
  };
}

function describeTable(model: ModelStatic<Model>, definition: Definition): Table {
  const columns = Object.entries(model.getAttributes()).map(([property, attribute]): Column => {
    const type = (attribute.type as { key: string }).key;
    return {
      property,
      name: attribute.field ?? property,
      ...columnTypes(type),
      writeOnly: definition.writeOnly?.includes(property) ?? false,
    };
  });
  return {
    name: String(model.getTableName()),
    columns,
    key: definition.key.map((property) => columns.find((column) => column.property === property) as Column),
    perUser: definition.key[0] === 'userId',
    remembered: definition.remembered ?? false,
    lock: definition.lock ?? false,
    namesNewIds: definition.namesNewIds ?? false,
  };
}

function columnTypes(type: string): { kind: ColumnKind; sqlType: string } {
  switch (type) {
    case 'INTEGER':
    case 'BIGINT':
      return { kind: 'number', sqlType: 'bigint' };
    case 'DECIMAL':
      return { kind: 'money', sqlType: 'numeric' };
    case 'STRING':
    case 'TEXT':
      return { kind: 'text', sqlType: 'text' };
    case 'BOOLEAN':
      return { kind: 'boolean', sqlType: 'boolean' };
    case 'DATE':
      return { kind: 'time', sqlType: 'timestamptz' };
    case 'JSON':
      return { kind: 'json', sqlType: 'json' };
    default:
      throw new Error(`the commit does not know columns of type ${type}: add it to columnTypes()`);
  }
}
