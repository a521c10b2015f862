import { literal, Op } from 'sequelize';
import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { TrainingPage, TrainingView } from '../domain/views.js';
import { TrainingHistory } from '../models/index.js';
import { readCursor, writeCursor } from './cursor.js';

// The date of the cursor's row stays in the database, where it is finer than JavaScript's milliseconds. Written like
// this, PostgreSQL starts at the right place of training_history_user instead of counting from the top.
const BEFORE = literal(
  '(training_date, id) < ((SELECT training_date FROM training_history WHERE id = :before), :before)',
);
const OF_USER = literal('user_id = (SELECT id FROM users WHERE telegram_id = :telegramId)');

/** Which trainings. */
export interface TrainingQuery {
  /** Most trainings at once. */
  limit?: number;
  /** A page's `next`: the trainings before those. */
  before?: string | undefined;
}

/** Reads the training history. An unknown user has none. */
export class TrainingRepository {
  readonly #trainings: Repository<TrainingHistory>;

  constructor(database: Database) {
    this.#trainings = database.sequelize.getRepository(TrainingHistory);
  }

  /**
   * A user's trainings, latest first, page by page. What is added while somebody turns the pages neither repeats nor
   * hides a training.
   *
   * @throws ValidationError when `before` is no cursor
   */
  async byTelegramId(telegramId: number, { limit = 10, before }: TrainingQuery = {}): Promise<TrainingPage> {
    const cursor = before === undefined ? undefined : readCursor(before);
    const rows = await this.#trainings.findAll({
      where: { [Op.and]: cursor === undefined ? [OF_USER] : [OF_USER, BEFORE] },
      replacements: { telegramId, before: cursor },
      order: [
        ['trainingDate', 'DESC'],
        ['id', 'DESC'],
      ],
      // One more tells whether there is a next page.
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { trainings: page.map(trainingView), next: last && rows.length > limit ? writeCursor(last.id) : null };
  }
}

/** A training as reads show it. */
export function trainingView(row: TrainingHistory): TrainingView {
  return {
    id: row.id,
    trainingDate: row.trainingDate.toISOString(),
    scenarioName: row.scenarioName,
    totalScore: row.totalScore,
    clarityLevel: row.clarityLevel,
    questionCount: row.questionCount,
    contextualQuestions: row.contextualQuestions,
    perTypeCounts: row.perTypeCounts,
    caseData: row.caseData,
    sessionSnapshot: row.sessionSnapshot,
  };
}
