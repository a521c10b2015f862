import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** The ledger: one row per applied unit, with what it answered. */
@Table({ tableName: 'idempotency_keys', timestamps: false, underscored: true })
export class IdempotencyKey extends Model<InferAttributes<IdempotencyKey>, InferCreationAttributes<IdempotencyKey>> {
  @Column({ type: DataType.STRING(64), primaryKey: true })
  declare botName: string;

  @Column({ type: DataType.STRING, primaryKey: true })
  declare key: string;

  /** The unit's first user, if it names any. */
  @Column(DataType.BIGINT)
  declare telegramId: CreationOptional<number | null>;

  @Column({ type: DataType.STRING(22), allowNull: false })
  declare contentHash: string;

  @Column({ type: DataType.JSON, allowNull: false })
  declare outcomes: unknown[];

  @Column({ type: DataType.DATE, allowNull: false })
  declare createdAt: Date;
}
