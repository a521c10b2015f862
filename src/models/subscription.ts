import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, HasMany, Model, Table } from 'sequelize-typescript';
import type { SubscriptionRow, SubscriptionType } from '../domain/rows.js';
import { SubscriptionReminder } from './subscription-reminder.js';

/** A right to train: until a date (MONTH, YEAR), or for a number of credits. */
@Table({ tableName: 'subscriptions', timestamps: false, underscored: true })
export class Subscription
  extends Model<InferAttributes<Subscription>, InferCreationAttributes<Subscription>>
  implements SubscriptionRow
{
  @Column({ type: DataType.INTEGER, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column({ type: DataType.STRING, allowNull: false })
  declare subscriptionType: SubscriptionType;

  @Column({ type: DataType.DATE, allowNull: false })
  declare startDate: Date;

  @Column(DataType.DATE)
  declare endDate: CreationOptional<Date | null>;

  @Column({ type: DataType.BOOLEAN, allowNull: false })
  declare isActive: boolean;

  @Column({ type: DataType.BOOLEAN, allowNull: false })
  declare autoRenew: boolean;

  @Column({ type: DataType.INTEGER, allowNull: false, defaultValue: 0 })
  declare granted: CreationOptional<number>;

  @Column(DataType.INTEGER)
  declare creditsTotal: CreationOptional<number | null>;

  @Column(DataType.INTEGER)
  declare creditsLeft: CreationOptional<number | null>;

  @HasMany(() => SubscriptionReminder, 'subscriptionId')
  declare reminders?: SubscriptionReminder[];
}
