/** The questions, each with its options; the first one is right. */
const questions = [
  { text: 'What is the capital of Australia?', options: ['Canberra', 'Sydney', 'Melbourne'] },
  { text: 'How many bits has a byte?', options: ['8', '7', '10'] },
  { text: 'Which planet is nearest to the sun?', options: ['Mercury', 'Venus', 'Mars'] },
] as const;

const POINTS_PER_ANSWER = 50;

/** How far somebody is: plain JSON, because it is kept in the session. */
export interface Quiz {
  /** The message that asked for it: a press on an older quiz says another one. */
  id: number;
  /** The question that is open; all are answered when there is none of this number. */
  question: number;
  right: number;
}

/** Takes the answer to the open question. Any other press, e.g. the second of a double tap, changes nothing. */
export function answer(quiz: Quiz, question: number, option: number): void {
  if (question !== quiz.question || isOver(quiz)) return;
  quiz.question++;
  if (option === 0) quiz.right++;
}

export const isOver = ({ question }: Quiz): boolean => question >= questions.length;

export const scoreOf = ({ right }: Quiz): number => right * POINTS_PER_ANSWER;

export const isPerfect = ({ right }: Quiz): boolean => right === questions.length;

/** The open question as text and buttons. */
export function show({ id, question }: Quiz): { text: string; buttons: { text: string; callback_data: string }[][] } {
  const { text = '', options = [] } = questions[question] ?? {};
  const buttons = options.map((label, option) => [{ text: label, callback_data: `${id}:${question}:${option}` }]);
  // The right one first would be too easy: each question starts its round somewhere else.
  return { text, buttons: [...buttons.slice(question + 1), ...buttons.slice(0, question + 1)] };
}
