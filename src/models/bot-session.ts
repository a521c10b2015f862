import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** What one bot keeps on a user: its session and its stats. */
@Table({ tableName: 'bot_sessions', timestamps: false, underscored: true })
export class BotSession extends Model<InferAttributes<BotSession>, InferCreationAttributes<BotSession>> {
  @Column({ type: DataType.BIGINT, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column({ type: DataType.STRING, allowNull: false })
  declare botName: string;

  @Column({ type: DataType.JSON, allowNull: false, defaultValue: {} })
  declare sessionData: CreationOptional<Record<string, unknown>>;

  @Column({ type: DataType.JSON, allowNull: false, defaultValue: {} })
  declare statsData: CreationOptional<Record<string, unknown>>;

  @Column({ type: DataType.DATE, allowNull: false })
  declare sessionAt: Date;

  @Column({ type: DataType.DATE, allowNull: false })
  declare statsAt: Date;

  @Column({ type: DataType.DATE, allowNull: false })
  declare createdAt: Date;

  @Column({ type: DataType.DATE, allowNull: false })
  declare updatedAt: Date;
}
