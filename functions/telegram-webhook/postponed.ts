import type { Cause, EventOf } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import type { Place, View } from './bot.ts'

interface Postponing {
  place: Pick<Place, 'chatId' | 'threadId'>
  cause: Cause
  notBefore: Date
  /** Tells the messages of one update apart. */
  key: string
}

/** The view as a message for the outbox, which sends it in the same place when Telegram allows it. */
export const postponed = (
  { html, photo, buttons }: View,
  { place: { chatId, threadId }, cause, notBefore, key }: Postponing,
): EventOf<typeof MessageRequested> =>
  MessageRequested.from(cause, {
    key,
    subject: `chat/${chatId}`,
    data: {
      chatId,
      html: String(html),
      ...(photo ? { photo } : {}),
      ...(buttons?.length
        ? {
            buttons: buttons.map(row =>
              row.map(button => ('url' in button ? button : { text: button.text, data: encode(button.press) })),
            ),
          }
        : {}),
      ...(threadId === undefined ? {} : { threadId }),
      notBefore: notBefore.toISOString(),
    },
  })
