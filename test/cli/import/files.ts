import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { workingDirectory } from '../working-directory.js';

/** What the old module kept of a user of one bot. */
export interface OldUser {
  session?: object | null;
  stats?: Record<string, unknown> | null;
}

/** A user of the old module, with counters. */
export const oldUser = (total_xp: number, current_level = 1, more: Record<string, unknown> = {}): OldUser => ({
  session: { question_count: 5, chat_state: 'in_progress' },
  stats: { total_xp, current_level, total_trainings: 2, total_score: 30, best_score: 20, ...more },
});

/** A `users_data.json` in a directory of its own; text goes in as it is. */
export function usersFile(content: Record<string, unknown> | string): string {
  const file = join(workingDirectory(), 'users_data.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1));
  return file;
}

const FIRST_ID = 5_000_000_000;

/** A file of many users, and what it adds up to. */
export async function largeFile(users: number): Promise<{ file: string; xp: number; trainings: number }> {
  const file = join(workingDirectory(), 'users_data.json');
  let xp = 0;
  const rows = function* () {
    for (let number = 0; number < users; number++) {
      xp += number % 5_000;
      const user = oldUser(number % 5_000, 1 + (number % 20), { achievements_unlocked: ['spin_master', 'слушатель'] });
      yield `${number === 0 ? '{' : ','}\n"${FIRST_ID + number}": ${JSON.stringify(user)}`;
    }
    yield '\n}\n';
  };
  await pipeline(Readable.from(rows()), createWriteStream(file));
  return { file, xp, trainings: users * 2 };
}
