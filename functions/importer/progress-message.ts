import type { Chat } from '#database/chats/chats.ts'
import type { Imports, SeriesImport } from '#database/series/imports.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Logger } from '#functions/host/log.ts'
import type { ImportView } from '#functions/imports/views.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { type Telegram, TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { cut, type Html } from '#functions/telegram/html.ts'
import { inlineKeyboard, maxTextLength } from '#functions/telegram/message.ts'
import { refusalKindOf } from '#functions/telegram/refusals.ts'

/** The least time between two edits that only show the progress. Telegram limits the messages of a chat. */
const editEveryMs = 5_000

interface Dependencies {
  telegram: Telegram
  imports: Pick<Imports, 'keepMessage'>
  clock: Clock
  log: Logger
}

/** The one message of an import: it shows the progress, and at the end the review. */
export const progressMessage = (
  { telegram, imports, clock, log }: Dependencies,
  work: SeriesImport,
  chat: Pick<Chat, 'id'>,
) => {
  let editedAt = clock().getTime()
  let { messageId } = work

  const content = ({ html, buttons }: ImportView) => ({
    chat_id: chat.id,
    text: cut(html, maxTextLength),
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
    reply_markup: inlineKeyboard(buttons.map(row => row.map(({ text, press }) => ({ text, data: encode(press) })))),
  })

  const send = async (view: ImportView): Promise<void> => {
    const topic = work.threadId === null ? {} : { message_thread_id: work.threadId }
    // If the process ends before the id is stored, the next attempt sends a second message. That is better than none.
    const sent = await telegram
      .call<{ message_id: number }>('sendMessage', { ...content(view), ...topic })
      .catch(error => {
        if (refusalKindOf(error) !== 'topic-unavailable') throw error
        return telegram.call<{ message_id: number }>('sendMessage', content(view))
      })
    messageId = sent.message_id
    await imports.keepMessage(work.id, messageId)
  }

  /** Shows a view that must arrive. Throws if Telegram does not take it now. */
  const show = async (view: ImportView): Promise<void> => {
    if (messageId === null) return send(view)
    try {
      await telegram.call('editMessageText', { ...content(view), message_id: messageId })
      editedAt = clock().getTime()
    } catch (error) {
      const kind = refusalKindOf(error)
      if (kind === 'not-modified') return
      if (kind !== 'message-not-editable') throw error
      await send(view)
    }
  }

  return {
    show,
    /** Shows how far the work is, at most every `editEveryMs`. A failure does not stop the work. */
    progress: async (text: () => Promise<Html> | Html): Promise<void> => {
      if (messageId === null || clock().getTime() - editedAt < editEveryMs) return
      editedAt = clock().getTime()
      try {
        await show({ html: await text(), buttons: [] })
      } catch (error) {
        if (!(error instanceof TelegramError || error instanceof TelegramUnreachable)) throw error
        log.info({ error, what: `import ${work.id}` }, 'the progress of an import could not be shown')
      }
    },
  }
}
