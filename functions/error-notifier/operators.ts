import { type Telegram, TelegramError } from '#functions/telegram/client.ts'

/** The operators' chat, spoken to by the second bot. */
export interface Operators {
  /** The id of the message. */
  send(html: string): Promise<number>
  /** False when there is nothing left to edit: deleted, or too old. */
  edit(messageId: number, html: string): Promise<boolean>
}

const fineAsItIs = /message is not modified/i
const nothingToEdit = /message (to edit not found|can't be edited)|MESSAGE_ID_INVALID/i

/** `chatId` as Telegram writes it, or `@channel`. Throws what telegram.ts throws. */
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
      if (!(error instanceof TelegramError) || error.code !== 400) throw error
      if (fineAsItIs.test(error.description)) return true
      if (nothingToEdit.test(error.description)) return false
      throw error
    }
  },
})
