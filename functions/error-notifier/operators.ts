import type { Telegram } from '#functions/telegram/client.ts'
import { refusalKindOf } from '#functions/telegram/refusals.ts'

/**
 * The operators' chat. A second bot, which is used for nothing else, writes to it. Methods throw TelegramError and
 * TelegramUnreachable.
 */
export interface Operators {
  /** Sends a message and returns its id. */
  send(html: string): Promise<number>
  /**
   * Replaces the text of a message. Returns false if Telegram can no longer edit the message, because it was deleted or
   * is too old.
   */
  edit(messageId: number, html: string): Promise<boolean>
}

/** Creates the access to the chat `chatId`: a number as Telegram writes it, or `@channel`. */
export const operatorsIn = (telegram: Telegram, chatId: string): Operators => ({
  send: async html => {
    const sent = await telegram.call<{ message_id: number }>('sendMessage', {
      chat_id: chatId,
      text: html,
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
    })
    return sent.message_id
  },

  edit: async (messageId, html) => {
    try {
      await telegram.call('editMessageText', {
        chat_id: chatId,
        message_id: messageId,
        text: html,
        parse_mode: 'HTML',
        link_preview_options: { is_disabled: true },
      })
      return true
    } catch (error) {
      const refused = refusalKindOf(error)
      if (refused === 'not-modified') return true
      if (refused === 'message-not-editable') return false
      throw error
    }
  },
})
