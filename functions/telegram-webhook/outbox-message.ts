import type { Cause, EventOf } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import type { View } from './reply.ts'
import type { Origin } from './request.ts'

interface Postponement {
  origin: Pick<Origin, 'chatId' | 'threadId'>
  cause: Cause
  notBefore: Date
  /** Distinguishes the messages of one update. */
  key: string
}

/** The view as a message for the outbox, which sends it to the same chat and topic at or after `notBefore`. */
export const outboxMessage = (
  { html, photo, buttons }: View,
  { origin: { chatId, threadId }, cause, notBefore, key }: Postponement,
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
              row.map(button => ('press' in button ? { text: button.text, data: encode(button.press) } : button)),
            ),
          }
        : {}),
      ...(threadId === undefined ? {} : { threadId }),
      notBefore: notBefore.toISOString(),
    },
  })
