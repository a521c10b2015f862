import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';
import type { FreeTrainingRow, FreeTrainingSource } from '../domain/rows.js';

/** Free trainings left from one source; one row per user and source. */
@Table({ tableName: 'free_trainings', timestamps: false, underscored: true })
export class FreeTraining
  extends Model<InferAttributes<FreeTraining>, InferCreationAttributes<FreeTraining>>
  implements FreeTrainingRow
{
  @Column({ type: DataType.BIGINT, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column({ type: DataType.STRING, allowNull: false })
  declare source: FreeTrainingSource;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare trainingsLeft: number;

  @Column({ type: DataType.DATE, allowNull: false })
  declare createdAt: Date;
}
