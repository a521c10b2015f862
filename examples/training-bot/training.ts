/** A training in asking questions: one task after another, each answered with a message. */
export const tasks = [
  'Your client runs a warehouse. Ask how they work today.',
  'Now ask what gets in their way.',
  'And now ask what that costs them.',
];

const POINTS_PER_TASK = 20;

/** Above this the badge is earned. */
export const MASTERY = 50;

/** An open question is worth full points, a closed one half, and a statement nothing. */
export function pointsFor(answer: string): number {
  if (!answer.trim().endsWith('?')) return 0;
  return /^(how|what|why|which|when|where|who)\b/i.test(answer.trim()) ? POINTS_PER_TASK : POINTS_PER_TASK / 2;
}
