import type { Update as GrammyUpdate, UserFromGetMe } from 'grammy/types';

/** What a bot is told of itself, so that it need not ask Telegram. */
export const botInfo: UserFromGetMe = {
  id: 42,
  is_bot: true,
  first_name: 'Spin',
  username: 'spin_bot',
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
  can_connect_to_business: false,
  has_main_web_app: false,
  has_topics_enabled: false,
  allows_users_to_create_topics: false,
  can_manage_bots: false,
} as UserFromGetMe;

/** A message of a user, in private or in a group. */
export function message(updateId: number, userId: number, text: string, chatId = userId): GrammyUpdate {
  const chat =
    chatId === userId
      ? { id: chatId, type: 'private' as const, first_name: 'Ann' }
      : { id: chatId, type: 'supergroup' as const, title: 'Group' };
  return {
    update_id: updateId,
    message: {
      message_id: updateId,
      date: 1_768_478_400,
      chat,
      from: { id: userId, is_bot: false, first_name: 'Ann' },
      text,
    },
  } as GrammyUpdate;
}
