import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { BelongsTo, Column, DataType, Model, Table } from 'sequelize-typescript';
import { Promocode } from './promocode.js';

/** That a user redeemed a code. */
@Table({ tableName: 'promocode_usage', timestamps: false, underscored: true })
export class PromocodeUsage extends Model<InferAttributes<PromocodeUsage>, InferCreationAttributes<PromocodeUsage>> {
  @Column({ type: DataType.BIGINT, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare promocodeId: number;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column({ type: DataType.DATE, allowNull: false })
  declare usedAt: Date;

  @BelongsTo(() => Promocode, 'promocodeId')
  declare promocode?: Promocode;
}
