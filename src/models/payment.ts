import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';
import type { PaymentStatus } from '../domain/rows.js';

/** A payment as a provider reported it; `userId` is null once the person is deleted. */
@Table({ tableName: 'payments', timestamps: false, underscored: true })
export class Payment extends Model<InferAttributes<Payment>, InferCreationAttributes<Payment>> {
  @Column({ type: DataType.INTEGER, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column(DataType.INTEGER)
  declare userId: CreationOptional<number | null>;

  @Column(DataType.INTEGER)
  declare subscriptionId: CreationOptional<number | null>;

  /** A decimal with two places, on every database: SQLite would give a number. */
  @Column({
    type: DataType.DECIMAL(10, 2),
    allowNull: false,
    get(this: Payment) {
      const stored = this.getDataValue('amount') as string | number;
      return typeof stored === 'number' ? stored.toFixed(2) : stored;
    },
  })
  declare amount: string;

  @Column({ type: DataType.STRING, allowNull: false })
  declare currency: string;

  @Column({ type: DataType.STRING, allowNull: false })
  declare provider: string;

  @Column({ type: DataType.STRING, allowNull: false })
  declare paymentId: string;

  @Column({ type: DataType.STRING, allowNull: false })
  declare status: PaymentStatus;

  @Column({ type: DataType.STRING, allowNull: false })
  declare tariff: string;

  @Column(DataType.TEXT)
  declare description: CreationOptional<string | null>;

  @Column(DataType.JSON)
  declare metadata: CreationOptional<Record<string, unknown> | null>;

  @Column({ type: DataType.DATE, allowNull: false })
  declare createdAt: Date;

  @Column({ type: DataType.DATE, allowNull: false })
  declare updatedAt: Date;
}
