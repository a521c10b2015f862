import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** A badge, earned in one bot and seen in all. */
@Table({ tableName: 'user_badges', timestamps: false, underscored: true })
export class UserBadge extends Model<InferAttributes<UserBadge>, InferCreationAttributes<UserBadge>> {
  @Column({ type: DataType.BIGINT, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column({ type: DataType.STRING, allowNull: false })
  declare badgeType: string;

  @Column({ type: DataType.STRING, allowNull: false })
  declare earnedInBot: string;

  @Column({ type: DataType.DATE, allowNull: false })
  declare earnedAt: Date;

  @Column(DataType.JSON)
  declare metadata: CreationOptional<Record<string, unknown> | null>;
}
