import { expect } from 'vitest'
import { type DataOf, type EventOf, rootCause } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { telegramNotifier } from '#functions/telegram-notifier/telegram-notifier.ts'
import { database, outbox } from './support.ts'

let requests = 0
export const request = (
  chatId: number,
  data: Partial<DataOf<typeof MessageRequested>> = {},
): EventOf<typeof MessageRequested> =>
  MessageRequested.from(rootCause(`cause-${requests++}`), {
    key: String(chatId),
    subject: `chat/${chatId}`,
    data: { chatId, html: 'Oi', ...data },
  })
export const notify = (event: EventOf<typeof MessageRequested>) => telegramNotifier(event, outbox)
export const row = async (event: { id: string }) =>
  (await database.db.query('select * from message where key = $1', [event.id])).rows[0]!

/** What `notify` returns if Telegram refused the message with this code and the operators are notified. */
export const refusedWith = (code: number) => [
  expect.objectContaining({ type: 'dev.vigia.message.refused', data: expect.objectContaining({ code }) }),
]
