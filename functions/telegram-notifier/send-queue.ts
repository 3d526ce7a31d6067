import { type Dependencies, deliver, type Outcome } from './deliver.ts'

/**
 * The longest time that a request or a tick waits for a chat. A chat that must wait longer is left to a later tick.
 */
export const shortWaitMs = 3_000
/** Random time added to a wait, so that chats that wait for the same second do not all send in the same instant. */
const maxJitterMs = 500
/** The time between two checks whether another process has finished sending a message. */
const pollMs = 250
/** Telegram counts as unreachable after this many messages in a row to which it did not respond. */
const maxNoResponses = 3

/** Whether there is time left for something that takes `ms`. */
export type HasTime = (ms: number) => boolean

/** A time budget that starts now. It is also used up when the signal aborts. */
export const timeBudget = ({ clock }: Dependencies, budgetMs: number, signal?: AbortSignal): HasTime => {
  const end = clock().getTime() + budgetMs
  return ms => signal?.aborted !== true && clock().getTime() + ms <= end
}

/**
 * Sends to several chats in turn, one message each, so that a chat with many messages delays none of the others by more
 * than one message. Returns false if it stopped because Telegram is unreachable or refuses everything from this bot.
 */
export const sendToChats = async (
  dependencies: Dependencies,
  chats: number[],
  { workers, maxMessages = Number.POSITIVE_INFINITY }: { workers: number; maxMessages?: number },
  hasTime: HasTime,
): Promise<boolean> => {
  const now = () => dependencies.clock().getTime()
  const queue = chats.map(chatId => ({ chatId, readyMs: now() }))
  let sentMessages = 0
  let noResponses = 0
  let botPaused = false
  const mustStop = () => botPaused || noResponses >= maxNoResponses

  const work = async () => {
    while (!mustStop() && sentMessages < maxMessages && hasTime(0)) {
      const next = queue.toSorted((a, b) => a.readyMs - b.readyMs)[0]
      if (next === undefined) return
      queue.splice(queue.indexOf(next), 1)
      const waitMs = next.readyMs - now()
      if (waitMs > 0) {
        if (!hasTime(waitMs)) return
        await dependencies.wait(waitMs)
      }
      const attempt = await sendNext(dependencies, next.chatId)
      if (attempt.is === 'empty') continue
      if (attempt.is === 'not yet') {
        if (attempt.waitMs <= shortWaitMs)
          queue.push({ ...next, readyMs: now() + attempt.waitMs + jitterMs(dependencies) })
        continue
      }
      sentMessages++
      const { outcome } = attempt
      noResponses = outcome.is === 'no response' ? noResponses + 1 : 0
      botPaused ||= outcome.is === 'bot paused'
      queue.push({ chatId: outcome.is === 'moved' ? outcome.to : next.chatId, readyMs: now() })
    }
  }

  const ended = await Promise.allSettled(Array.from({ length: Math.min(workers, chats.length) }, work))
  for (const worker of ended) if (worker.status === 'rejected') throw worker.reason
  return !mustStop()
}

/** The keys of the messages that were tried, and whether another process is still sending the requested message. */
interface SentToChat {
  keys: string[]
  isSentByOtherProcess: boolean
}

/**
 * Sends the waiting messages of one chat, in order. `requestedKey` is the key of the message that the caller was asked
 * to send. If another process is sending the requested message, this function waits, because that process may crash. If
 * another process is sending a different message of the chat, this function returns, because that process looks at the
 * queue after each message and also sends the messages that are still waiting.
 */
export const sendToChat = async (
  dependencies: Dependencies,
  chatId: number,
  hasTime: HasTime,
  requestedKey: string,
): Promise<SentToChat> => {
  const keys: string[] = []
  let currentChatId = chatId
  for (;;) {
    const attempt = await sendNext(dependencies, currentChatId)
    if (attempt.is === 'empty') return { keys, isSentByOtherProcess: false }
    if (attempt.is === 'not yet') {
      const isSentByOtherProcess = attempt.sending === requestedKey
      const waitMs = isSentByOtherProcess ? Math.min(attempt.waitMs, pollMs) : attempt.waitMs + jitterMs(dependencies)
      if ((attempt.waitMs > shortWaitMs && !isSentByOtherProcess) || !hasTime(waitMs))
        return { keys, isSentByOtherProcess }
      await dependencies.wait(waitMs)
      continue
    }
    keys.push(attempt.key)
    if (attempt.outcome.is === 'moved') currentChatId = attempt.outcome.to
    if (attempt.outcome.is === 'bot paused' || !hasTime(0)) return { keys, isSentByOtherProcess: false }
  }
}

/**
 * The result of `sendNext`. `not yet`: the chat's next message must wait `waitMs`. `sending`: the key of this message
 * if another process is sending it now.
 */
type Attempt =
  | { is: 'empty' }
  | { is: 'not yet'; waitMs: number; sending: string | null }
  | { is: 'tried'; key: string; outcome: Outcome }

/** Claims and sends the next message of a chat, if it may be sent now. */
const sendNext = async (dependencies: Dependencies, chatId: number): Promise<Attempt> => {
  const now = dependencies.clock()
  const claim = await dependencies.messages.claim(chatId, dependencies.bot, now)
  if (claim === null) return { is: 'empty' }
  if ('readyAt' in claim)
    return { is: 'not yet', waitMs: claim.readyAt.getTime() - now.getTime(), sending: claim.sending }
  return { is: 'tried', key: claim.message.key, outcome: await deliver(dependencies, claim.message) }
}

const jitterMs = ({ random }: Dependencies) => Math.round(random() * maxJitterMs)
