import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, HasMany, Model, Table } from 'sequelize-typescript';
import type { UserRow } from '../domain/rows.js';
import { BotSession } from './bot-session.js';
import { FreeTraining } from './free-training.js';
import { Payment } from './payment.js';
import { Subscription } from './subscription.js';
import { UserBadge } from './user-badge.js';

/** One person, shared by all bots: XP, level and counters. */
@Table({ tableName: 'users', timestamps: false, underscored: true })
export class User extends Model<InferAttributes<User>, InferCreationAttributes<User>> implements UserRow {
  @Column({ type: DataType.INTEGER, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.BIGINT, allowNull: false })
  declare telegramId: number;

  @Column(DataType.STRING)
  declare username: CreationOptional<string | null>;

  @Column(DataType.STRING)
  declare firstName: CreationOptional<string | null>;

  @Column(DataType.STRING)
  declare lastName: CreationOptional<string | null>;

  @Column({ type: DataType.DATE, allowNull: false })
  declare registrationDate: Date;

  @Column({ type: DataType.DATE, allowNull: false })
  declare lastActivity: Date;

  @Column({ type: DataType.BIGINT, allowNull: false, defaultValue: 0 })
  declare totalXp: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false, defaultValue: 1 })
  declare level: CreationOptional<number>;

  @Column({ type: DataType.BIGINT, allowNull: false, defaultValue: 0 })
  declare totalTrainings: CreationOptional<number>;

  @Column({ type: DataType.BIGINT, allowNull: false, defaultValue: 0 })
  declare totalScore: CreationOptional<number>;

  @HasMany(() => UserBadge, 'userId')
  declare badges?: UserBadge[];

  @HasMany(() => BotSession, 'userId')
  declare botSessions?: BotSession[];

  @HasMany(() => Subscription, 'userId')
  declare subscriptions?: Subscription[];

  @HasMany(() => Payment, 'userId')
  declare payments?: Payment[];

  @HasMany(() => FreeTraining, 'userId')
  declare freeTrainings?: FreeTraining[];
}
