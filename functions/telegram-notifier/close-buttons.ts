import type { OverdueButtons } from '#database/messages/messages.ts'
import type { DataOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { answerButtons } from '#functions/outages/answer-buttons.ts'
import { decode, encode } from '#functions/telegram/callback-data.ts'
import { TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { inlineKeyboard } from '#functions/telegram/message.ts'
import { refusalOf } from '#functions/telegram/refusals.ts'
import { knownZone } from '#functions/wording/dates.ts'
import type { Dependencies } from './deliver.ts'
import type { HasTime } from './send-queue.ts'

/** The most messages of a chat whose buttons one run removes, because edits count towards Telegram's limits. */
const maxPerRun = 5
/** The wait before another attempt if Telegram does not answer, or asks for a wait without a time. */
const usualWaitS = 60

/**
 * Removes the buttons that answer an outage which is over from the earlier messages of the chat. A button that was
 * pressed stays, because it shows who answered. Each message is edited once; if the process ends after the edit,
 * Telegram says that the message has these buttons already.
 */
export const closeButtons = async (dependencies: Dependencies, chatId: number, hasTime: HasTime): Promise<void> => {
  const { messages, clock } = dependencies
  for (const message of await messages.overdueButtons(chatId, clock(), maxPerRun)) {
    if (!hasTime(0)) return
    const waitS = await edit(dependencies, chatId, message)
    if (waitS !== null) return messages.closeLater(chatId, new Date(clock().getTime() + waitS * 1000))
    await messages.markClosed(message.key)
  }
}

/** Edits one message. Returns the seconds to wait before another attempt; null if there is nothing left to do. */
const edit = async (
  dependencies: Dependencies,
  chatId: number,
  { telegramId, request }: OverdueButtons,
): Promise<number | null> => {
  const { telegram, log } = dependencies
  const buttons = await remainingButtons(dependencies, chatId, request.buttons ?? [])
  try {
    await telegram.call('editMessageReplyMarkup', {
      chat_id: chatId,
      message_id: telegramId,
      reply_markup: inlineKeyboard(buttons),
    })
    return null
  } catch (error) {
    if (error instanceof TelegramUnreachable) return usualWaitS
    if (!(error instanceof TelegramError)) throw error
    const refusal = refusalOf(error)
    if (refusal.kind === 'flood') return refusal.retryAfterS ?? usualWaitS
    if (refusal.kind === 'bot-disabled' || refusal.kind === 'bot-conflict') return usualWaitS
    // The message was deleted, has these buttons already, or is out of reach. Another attempt would not change that.
    log.info({ description: error.description, refusal: refusal.kind }, 'the buttons of a message stay')
    return null
  }
}

type Buttons = NonNullable<DataOf<typeof MessageRequested>['buttons']>

/** The buttons without those that answer an outage, and with the answers that were given. */
const remainingButtons = async (
  { incidentAnswers, chats }: Dependencies,
  chatId: number,
  buttons: Buttons,
): Promise<Buttons> => {
  const incidents = new Set<number>()
  const others = buttons.map(row =>
    row.filter(button => {
      const press = 'data' in button ? decode(button.data) : null
      if (press?.act !== 'answer') return true
      incidents.add(press.incident)
      return false
    }),
  )
  const chat = await chats.find(chatId)
  const reader = { language: chat?.language ?? 'pt-BR', zone: knownZone(chat?.zone ?? ''), isOver: true } as const
  const marks = []
  for (const incident of incidents) marks.push(...answerButtons(incident, await incidentAnswers.of(incident), reader))
  return [
    ...marks.map(row => row.map(({ text, press }) => ({ text, data: encode(press) }))),
    ...others.filter(row => row.length > 0),
  ]
}
