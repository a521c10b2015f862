import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** That a user was reminded of a subscription's end, so many days before it. */
@Table({ tableName: 'subscription_reminders', timestamps: false, underscored: true })
export class SubscriptionReminder extends Model<
  InferAttributes<SubscriptionReminder>,
  InferCreationAttributes<SubscriptionReminder>
> {
  @Column({ type: DataType.INTEGER, primaryKey: true })
  declare subscriptionId: number;

  @Column({ type: DataType.INTEGER, primaryKey: true })
  declare days: number;

  @Column({ type: DataType.DATE, allowNull: false })
  declare remindedAt: Date;
}
