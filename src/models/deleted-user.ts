import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** A tombstone: what this user's bots made up to then is not applied any more. */
@Table({ tableName: 'deleted_users', timestamps: false, underscored: true })
export class DeletedUser extends Model<InferAttributes<DeletedUser>, InferCreationAttributes<DeletedUser>> {
  @Column({ type: DataType.BIGINT, primaryKey: true })
  declare telegramId: number;

  @Column({ type: DataType.DATE, allowNull: false })
  declare deletedAt: Date;
}
