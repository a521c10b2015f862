import type { CreationOptional, InferAttributes, InferCreationAttributes } from 'sequelize';
import { Column, DataType, Model, Table } from 'sequelize-typescript';

/** One finished training. */
@Table({ tableName: 'training_history', timestamps: false, underscored: true })
export class TrainingHistory extends Model<InferAttributes<TrainingHistory>, InferCreationAttributes<TrainingHistory>> {
  @Column({ type: DataType.BIGINT, primaryKey: true, autoIncrement: true })
  declare id: CreationOptional<number>;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare userId: number;

  @Column({ type: DataType.BIGINT, allowNull: false })
  declare telegramId: number;

  @Column({ type: DataType.DATE, allowNull: false })
  declare trainingDate: Date;

  @Column(DataType.STRING)
  declare scenarioName: CreationOptional<string | null>;

  @Column({ type: DataType.BIGINT, allowNull: false })
  declare totalScore: number;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare clarityLevel: number;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare questionCount: number;

  @Column({ type: DataType.INTEGER, allowNull: false })
  declare contextualQuestions: number;

  @Column(DataType.JSON)
  declare perTypeCounts: CreationOptional<Record<string, unknown> | null>;

  @Column(DataType.JSON)
  declare caseData: CreationOptional<Record<string, unknown> | null>;

  @Column(DataType.JSON)
  declare sessionSnapshot: CreationOptional<Record<string, unknown> | null>;
}
