import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';
import type { PromocodeType } from '../domain/rows.js';

/** A code that grants something, at most `maxUses` times. Codes are stored in upper case. */
@Table({ tableName: 'promocodes', timestamps: false, underscored: true })
export class Promocode extends Model<InferAttributes<Promocode>, InferCreationAttributes<Promocode>> {
  @Column({ type: DataType.INTEGER, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.STRING, allowNull: false })
  declare code: string;

  @Column({ type: DataType.STRING, allowNull: false })
  declare type: PromocodeType;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare value: number;

  @Column(DataType.INTEGER)
  declare maxUses: CreationOptional<number | null>;

  @Column({ type: DataType.INTEGER, allowNull: false, defaultValue: 0 })
  declare currentUses: CreationOptional<number>;

  @Column(DataType.DATE)
  declare expiresAt: CreationOptional<Date | null>;

  @Column({ type: DataType.DATE, allowNull: false })
  declare createdAt: Date;
}
