import type { NotedMessage } from '#database/messages/messages.ts'
import type { EventOf, VigiaEvent } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Dependencies } from './deliver.ts'
import { sendToChat, sendToChats, shortWaitMs, timeBudget } from './send-queue.ts'

/** The time that one event spends on sending. What is not sent by then is left to the tick. */
const eventBudgetMs = 10_000
const tickBudgetMs = 40_000
const maxChatsPerTick = 500
const tickWorkers = 8
/**
 * Chats that the requests of one process send to at the same time. In a burst, further requests only store their
 * message, so that the broker does not wait.
 */
const maxActiveChats = 20
/**
 * How long a tick publishes the notes of a message again. It is longer than a tick, so that a crash between the note
 * and its publication loses nothing.
 */
const republishNotesMs = 5 * 60_000
const messagesKeptMs = 45 * 24 * 60 * 60_000

/**
 * message.requested: stores the message in the outbox, and sends what waits for its chat as far as Telegram's limits
 * allow it now. Ticks send the rest. Returns message.refused events for the operators.
 */
export const telegramNotifier = async (
  event: EventOf<typeof MessageRequested>,
  dependencies: Dependencies,
  signal?: AbortSignal,
): Promise<VigiaEvent[]> => {
  const { messages, clock, activeChats = new Map() } = dependencies
  const kept = await messages.keep(event, clock())
  if (kept === null) throw new Permanent(`message for chat ${event.data.chatId}, which is not in the table chat`)
  const { chatId } = kept
  const keys = [event.id]
  const otherRequest = activeChats.get(chatId)
  if (otherRequest !== undefined) otherRequest.hasNewMessage = true
  else if (activeChats.size < maxActiveChats) {
    const hasTime = timeBudget(dependencies, eventBudgetMs, signal)
    const own = { hasNewMessage: true }
    activeChats.set(chatId, own)
    try {
      // Another request may store a message after the last look at the queue, and leave it to this request.
      while (own.hasNewMessage && hasTime(0)) {
        own.hasNewMessage = false
        const sent = await sendToChat(dependencies, chatId, hasTime, event.id)
        keys.push(...sent.keys)
        // The other process may have crashed. The broker repeats this event, and by then the lease has expired.
        if (sent.isOwnInProgress) throw new RetryLater(`${event.id} is being sent by another process`, 10)
      }
    } finally {
      activeChats.delete(chatId)
    }
  }
  return (await messages.notes({ keys: [...new Set(keys)] })).map(messageRefused)
}

/** The minute's tick: sends what waits for all chats, within Telegram's limits. Returns message.refused events. */
export const outboxTick = async (dependencies: Dependencies, signal?: AbortSignal): Promise<VigiaEvent[]> => {
  const { messages, clock, bot } = dependencies
  const now = clock()
  if (now.getUTCMinutes() === 17) await messages.forgetBefore(new Date(now.getTime() - messagesKeptMs))
  const hasTime = timeBudget(dependencies, tickBudgetMs, signal)
  const paused = await messages.pausedUntil(bot)
  if (paused === null || paused.getTime() <= now.getTime() + shortWaitMs) {
    const chats = await messages.chatsWaiting(new Date(now.getTime() + shortWaitMs), maxChatsPerTick)
    // After a pause, one message tests whether Telegram accepts messages again, before the others are sent.
    const isAccepting =
      paused === null || (await sendToChats(dependencies, chats.slice(0, 1), { workers: 1, maxMessages: 1 }, hasTime))
    if (isAccepting) await sendToChats(dependencies, chats, { workers: tickWorkers }, hasTime)
  }
  return (await messages.notes({ since: new Date(now.getTime() - republishNotesMs) })).map(messageRefused)
}

const messageRefused = ({ key, chatId, cause, code, reason, at }: NotedMessage): VigiaEvent =>
  MessageRefused.from(cause, { subject: `chat/${chatId}`, data: { chatId, message: key, code, reason }, time: at })
