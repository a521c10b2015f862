import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';
import type { OutboxRow } from '../domain/rows.js';

/** An event on its way to the bots; it stays for some days after it was handed to their queues. */
@Table({ tableName: 'outbox', timestamps: false, underscored: true })
export class OutboxEvent
  extends Model<InferAttributes<OutboxEvent>, InferCreationAttributes<OutboxEvent>>
  implements OutboxRow
{
  @Column({ type: DataType.BIGINT, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column(DataType.STRING(64))
  declare botName: CreationOptional<string | null>;

  @Column({ type: DataType.STRING(64), allowNull: false })
  declare type: string;

  @Column({ type: DataType.JSON, allowNull: false })
  declare payload: object;

  @Column({ type: DataType.DATE, allowNull: false })
  declare createdAt: Date;

  @Column(DataType.DATE)
  declare deliveredAt: CreationOptional<Date | null>;
}
