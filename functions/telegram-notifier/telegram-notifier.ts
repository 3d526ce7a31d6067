import type { RecordedRefusal } from '#database/messages/messages.ts'
import type { EventOf, VigiaEvent } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { closeButtons } from './close-buttons.ts'
import type { Dependencies } from './deliver.ts'
import { sendToChat, sendToChats, shortWaitMs, timeBudget } from './send-queue.ts'

/** The time that one event spends on sending. Messages that are not sent by then are left to the tick. */
const eventBudgetMs = 10_000
const tickBudgetMs = 40_000
const maxChatsPerTick = 500
const tickWorkers = 8
/**
 * The highest number of chats that the requests of one process send to at the same time. In a burst, further requests
 * only store their message, so that the broker does not wait.
 */
const maxActiveChats = 20
/**
 * Each tick publishes again the refusals that were recorded within this period before the tick. The period is longer
 * than the time between two ticks, so that a crash between the record and its publication loses nothing.
 */
const republishRefusalsMs = 5 * 60_000
const messagesKeptMs = 45 * 24 * 60 * 60_000

/**
 * Handles message.requested: stores the message in the outbox, and sends the messages that wait for its chat, as far as
 * Telegram's limits allow. Ticks send the rest. Returns message.refused events for the operators.
 */
export const telegramNotifier = async (
  event: EventOf<typeof MessageRequested>,
  dependencies: Dependencies,
  signal?: AbortSignal,
): Promise<VigiaEvent[]> => {
  const { messages, clock, activeChats = new Map() } = dependencies
  const kept = await messages.keep(event, clock())
  if (kept === null)
    throw new Permanent(`chat ${event.data.chatId} is not in the table chat, so its message cannot be sent`)
  const { chatId } = kept
  const keys = [event.id]
  const otherRequest = activeChats.get(chatId)
  if (otherRequest !== undefined) otherRequest.hasNewMessage = true
  else if (activeChats.size < maxActiveChats) {
    const hasTime = timeBudget(dependencies, eventBudgetMs, signal)
    const activeChat = { hasNewMessage: true }
    activeChats.set(chatId, activeChat)
    try {
      // Another request may store a message after this request has read the queue for the last time, and leave the
      // sending to this request.
      while (activeChat.hasNewMessage && hasTime(0)) {
        activeChat.hasNewMessage = false
        const sent = await sendToChat(dependencies, chatId, hasTime, event.id)
        keys.push(...sent.keys)
        // Another process has the lease of this message and may have crashed. The broker repeats this event, and by
        // then that lease has expired.
        if (sent.isSentByOtherProcess) throw new RetryLater(`${event.id} is being sent by another process`, 10)
      }
      await closeButtons(dependencies, chatId, hasTime)
    } finally {
      activeChats.delete(chatId)
    }
  }
  return (await messages.recordedRefusals({ keys: [...new Set(keys)] })).map(messageRefused)
}

/**
 * Handles the tick of each minute: sends the messages that wait for any chat, within Telegram's limits. Returns
 * message.refused events.
 */
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
    if (isAccepting) {
      await sendToChats(dependencies, chats, { workers: tickWorkers }, hasTime)
      for (const chatId of await messages.chatsWithOverdueButtons(clock(), maxChatsPerTick))
        await closeButtons(dependencies, chatId, hasTime)
    }
  }
  return (await messages.recordedRefusals({ since: new Date(now.getTime() - republishRefusalsMs) })).map(messageRefused)
}

const messageRefused = ({ key, chatId, cause, code, reason, at }: RecordedRefusal): VigiaEvent =>
  MessageRefused.from(cause, { subject: `chat/${chatId}`, data: { chatId, message: key, code, reason }, time: at })
