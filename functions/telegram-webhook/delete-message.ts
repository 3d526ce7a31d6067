import { refusalKindOf } from '#functions/telegram/refusals.ts'
import type { TelegramApi } from './telegraf-client.ts'

/**
 * Deletes the message of a person. Telegram permits it in a private chat, and in a group if the bot is an administrator
 * who may delete messages. True if the message is gone; an update that is repeated finds that it was deleted before.
 */
export const deleteMessage = async (
  telegram: TelegramApi,
  { chatId, messageId }: { chatId: number; messageId: number },
  signal: AbortSignal,
): Promise<boolean> => {
  try {
    await telegram.call('deleteMessage', { chat_id: chatId, message_id: messageId }, signal)
    return true
  } catch (error) {
    const kind = refusalKindOf(error)
    if (kind === 'message-not-editable') return /not found/i.test((error as Error).message)
    if (kind === 'no-permission') return false
    throw error
  }
}
