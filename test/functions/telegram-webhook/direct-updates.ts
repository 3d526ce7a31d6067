import { botIdOf } from '#functions/telegram-webhook/secret.ts'
import { token, type Webhook } from './support.ts'

/** Updates that a test sends to the function itself, without the simulator of Telegram. */
export const directUpdates = (webhook: () => Webhook) => {
  let find: Webhook['deps']['chats']['find'] | undefined
  const botId = botIdOf(token)
  let lastUpdate = 500_000
  const nextUpdateId = () => ++lastUpdate
  const unpoison = (): void => {
    if (find) webhook().deps.chats.find = find
  }
  return {
    botId,
    nextUpdateId,

    /** Makes the function fail in every later update of a chat, until `unpoison` or `repair`. */
    poison: (chatId: number): void => {
      const { chats } = webhook().deps
      find ??= chats.find
      const original = find
      chats.find = id =>
        id === chatId ? Promise.reject(new Error('a fault of the function, at /srv/secret/path.ts:7')) : original(id)
    },

    /** Ends the failures that `poison` caused. */
    unpoison,

    /** Ends all failures of the function, the broker and Telegram that a test has set up. */
    repair: (): void => {
      unpoison()
      webhook().broker.refuse(0)
      webhook().telegram.clearInjectedErrors()
    },

    /** An update with a new id: a person writes `text` to the bot. */
    textUpdate: (text: string, from = { id: 7_000_001, first_name: 'Ana' }) => ({
      update_id: nextUpdateId(),
      message: {
        message_id: lastUpdate,
        date: 1_763_700_000,
        from: { ...from, is_bot: false, language_code: 'pt-br' },
        chat: { id: from.id, type: 'private', first_name: from.first_name },
        text,
        ...(text.startsWith('/')
          ? { entities: [{ type: 'bot_command', offset: 0, length: text.split(' ')[0]!.length }] }
          : {}),
      },
    }),

    /** The stored state of an update and how often it was attempted; undefined if it is not stored. */
    stateOf: async (updateId: number) =>
      (
        await webhook().db.query<{ state: string; attempts: number }>(
          'select state, attempts from telegram_update where bot_id = $1 and update_id = $2',
          [botId, updateId],
        )
      ).rows[0],
  }
}
