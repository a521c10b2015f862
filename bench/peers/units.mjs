import { keyOf, userOf, XP } from '../../dist/bench/workload.js';

const CHUNK = 5_000;

/** Inserts the units of a range, some thousand at a time. */
export async function insertInChunks({ from, to }, insert) {
  for (let start = from; start < to; start += CHUNK) {
    const length = Math.min(CHUNK, to - start);
    await insert(Array.from({ length }, (_, index) => unitNumber(start + index)));
  }
}

const unitNumber = (number) => ({ key: keyOf(number), telegramId: userOf(number), xp: XP });
