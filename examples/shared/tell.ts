/**
 * Answers the user. That somebody blocked the bot, or that Telegram is away, must not undo what the handler has noted,
 * so it is logged and no more.
 */
export async function tell<Extra>(
  ctx: { reply(text: string, extra?: Extra): Promise<unknown> },
  text: string,
  extra?: Extra,
): Promise<void> {
  await ctx.reply(text, extra).catch(notTold);
}

/** What becomes of an answer that does not arrive. */
export const notTold = (error: Error): void => console.error('not told:', error.message);
