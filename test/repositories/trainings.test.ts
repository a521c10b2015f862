import { expect } from 'chai';
import fc from 'fast-check';
import { addDays } from '../../src/domain/time.js';
import type { TrainingView } from '../../src/domain/views.js';
import { ValidationError } from '../../src/errors.js';
import { TrainingHistory, type User } from '../../src/models/index.js';
import { openRepositories, type Repositories } from '../../src/repositories/index.js';
import { insertTraining, insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { rejection } from '../helpers/rejection.js';

for (const dialect of dialects) {
  describe(`the training history on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let repositories: Repositories;
    let user: User;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      repositories = openRepositories(fresh.database);
      user = await insertUser(fresh.database);
    });
    afterEach(() => fresh.close());

    /** Everything, page by page; `between` runs before each further page. */
    const allPages = async (limit: number, between = async () => {}) => {
      const seen: TrainingView[] = [];
      let before: string | undefined;
      do {
        const page = await repositories.trainings.byTelegramId(user.telegramId, { limit, before });
        seen.push(...page.trainings);
        before = page.next ?? undefined;
        if (before) await between();
      } while (before);
      return seen;
    };

    it('gives a stranger none', async () => {
      expect(await repositories.trainings.byTelegramId(1)).to.deep.equal({ trainings: [], next: null });
    });

    it('gives trainings, latest first, with all that was kept of them', async () => {
      const { id } = await insertTraining(fresh.database, user, {
        scenarioName: 'spin_sales',
        perTypeCounts: { problem: 3 },
        caseData: { client: 'TechCorp' },
      });
      await insertTraining(fresh.database, user, { trainingDate: addDays(NOON, -1) });
      const { trainings, next } = await repositories.trainings.byTelegramId(user.telegramId);
      expect(next).to.equal(null);
      expect(trainings).to.have.length(2);
      expect(trainings[0]).to.deep.equal({
        id,
        trainingDate: NOON.toISOString(),
        scenarioName: 'spin_sales',
        totalScore: 185,
        clarityLevel: 92,
        questionCount: 8,
        contextualQuestions: 3,
        perTypeCounts: { problem: 3 },
        caseData: { client: 'TechCorp' },
        sessionSnapshot: null,
      });
    });

    it('gives each training on exactly one page, whatever the ties and however long the pages', async () => {
      const dates = fc.array(fc.nat({ max: 3 }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(dates, fc.integer({ min: 1, max: 5 }), async (offsets, limit) => {
          await fresh.database.sequelize.getRepository(TrainingHistory).destroy({ where: {} });
          for (const offset of offsets) {
            await insertTraining(fresh.database, user, { trainingDate: new Date(NOON.getTime() + offset) });
          }
          const seen = await allPages(limit);
          const order = seen.map(({ trainingDate, id }) => [trainingDate, id] as const);
          expect(order).to.deep.equal(order.toSorted(([a, i], [b, j]) => b.localeCompare(a) || j - i));
          expect(new Set(seen.map(({ id }) => id)).size).to.equal(offsets.length);
        }),
        { numRuns: 20 },
      );
    });

    it('neither repeats nor hides a training when others are added while somebody turns the pages', async () => {
      for (let index = 0; index < 6; index++) await insertTraining(fresh.database, user);
      const before = (await repositories.trainings.byTelegramId(user.telegramId)).trainings.map(({ id }) => id);
      const seen = await allPages(2, async () => {
        for (const days of [1, 0, -1])
          await insertTraining(fresh.database, user, { trainingDate: addDays(NOON, days) });
      });
      const ids = seen.map(({ id }) => id);
      expect(new Set(ids).size).to.equal(ids.length);
      expect(ids.filter((id) => before.includes(id))).to.deep.equal(before);
    });

    it('starts after any training that a cursor names, and gives none for one that is gone', async () => {
      await insertTraining(fresh.database, user);
      const last = await insertTraining(fresh.database, user);
      const { next } = await repositories.trainings.byTelegramId(user.telegramId, { limit: 1 });
      await last.destroy();
      const page = await repositories.trainings.byTelegramId(user.telegramId, { before: next ?? '' });
      expect(page).to.deep.equal({ trainings: [], next: null });
    });

    it('refuses what is no cursor', async () => {
      for (const before of ['', 'x', '42', 'YWZ0ZXIgNDI=', 'YWZ0ZXIgMDQy', "' OR 1=1 --", '\0', 'ы'.repeat(50)]) {
        const error = await rejection(repositories.trainings.byTelegramId(user.telegramId, { before }));
        expect(error, before).to.be.instanceOf(ValidationError);
      }
    });
  });
}
