/** A counter after adding to it; it stops at the ends of the integers that JavaScript counts exactly. */
export const plus = (total: number, amount: number): number =>
  Math.min(Math.max(total + amount, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
