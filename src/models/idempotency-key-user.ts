import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** The further users of a unit that names several, so that the unit is found by each of them. */
@Table({ tableName: 'idempotency_key_users', timestamps: false, underscored: true })
export class IdempotencyKeyUser extends Model<
  InferAttributes<IdempotencyKeyUser>,
  InferCreationAttributes<IdempotencyKeyUser>
> {
  @Column({ type: DataType.STRING(64), primaryKey: true })
  declare botName: string;

  @Column({ type: DataType.STRING, primaryKey: true })
  declare key: string;

  @Column({ type: DataType.BIGINT, primaryKey: true })
  declare telegramId: number;
}
