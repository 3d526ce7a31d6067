import pLimit from 'p-limit'
import type { Time } from '#simulators/time.ts'

/** A request to the webhook function, as Telegram sends it. */
export interface WebhookRequest {
  headers: Record<string, string>
  body: string
}

/** The kinds of updates that the webhook function handles. */
export const allowedUpdates = ['message', 'callback_query', 'inline_query', 'my_chat_member']

/** How many updates are delivered at the same time, by Telegram (`max_connections`) or by these queues. */
export const maxConnections = 20

/**
 * How long an update is worth delivering: Telegram keeps messages for 24 hours, a button press expires after minutes,
 * and an inline query after half a minute.
 */
const lifetimeMs = { message: 24 * 3_600_000, callbackQuery: 150_000, inlineQuery: 30_000 }

export interface Update {
  update_id: number
  message?: { date?: number; chat?: { id?: number } }
  callback_query?: { from?: { id?: number } }
  inline_query?: { from?: { id?: number } }
  my_chat_member?: { chat?: { id?: number } }
}

export interface UpdateQueueOptions {
  webhookSecret: string
  deliver(request: WebhookRequest): Promise<{ status: number; retryAfter?: string | undefined }>
  say(text: string): void
  time: Time
  pause(ms: number): Promise<void>
  isStopped(): boolean
  /** The pause after this many failed attempts. */
  backoffMs(attempts: number): number
}

/**
 * Fetched updates that the webhook function has not taken yet. The updates of one chat are delivered one after the
 * other, as Telegram does it; different chats are delivered at the same time. A failed delivery delays only the updates
 * in the same queue.
 */
export const updateQueues = (options: UpdateQueueOptions) => {
  const { webhookSecret, deliver, say, time, pause, isStopped, backoffMs } = options
  const waiting = new Set<number>()
  const queues = new Map<string, Update[]>()
  const limit = pLimit(maxConnections)
  let onTaken = () => {}

  const runQueue = async (key: string) => {
    const queue = queues.get(key)!
    for (let update = queue[0]; update !== undefined; update = queue[0]) {
      await deliverOrDrop(update)
      if (isStopped()) return
      queue.shift()
      waiting.delete(update.update_id)
      onTaken()
    }
    queues.delete(key)
  }

  /** Retries until the function has taken the update, or until the update is too old to matter. */
  const deliverOrDrop = async (update: Update) => {
    const firstAt = time.now().getTime()
    for (let attempts = 0; !isStopped(); attempts++) {
      const outcome = await limit(() => attempt(update))
      if (outcome === 'taken') return
      if (attempts === 0)
        say(`telegram-webhook did not take update ${update.update_id} (${outcome.problem}); Vigia delivers it again.`)
      const waitMs = outcome.retryAfterS > 0 ? outcome.retryAfterS * 1000 : attempts === 0 ? 0 : backoffMs(attempts - 1)
      if (time.now().getTime() + waitMs > expiryOf(update, firstAt)) {
        say(`telegram-webhook did not take update ${update.update_id} in time; Vigia drops it, as Telegram would.`)
        return
      }
      await pause(waitMs)
    }
  }

  const attempt = async (update: Update): Promise<'taken' | { problem: string; retryAfterS: number }> => {
    try {
      const { status, retryAfter } = await deliver({
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': webhookSecret },
        body: JSON.stringify(update),
      })
      if (status >= 200 && status <= 299) return 'taken'
      return { problem: `it answered ${status}`, retryAfterS: Math.max(0, Number.parseInt(retryAfter ?? '', 10) || 0) }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error), retryAfterS: 0 }
    }
  }

  return {
    /** The number of the oldest update that waits; undefined if none waits. */
    oldest: (): number | undefined => (waiting.size === 0 ? undefined : Math.min(...waiting)),
    add: (update: Update): void => {
      waiting.add(update.update_id)
      const key = queueOf(update)
      const queue = queues.get(key)
      if (queue !== undefined) return void queue.push(update)
      queues.set(key, [update])
      void runQueue(key)
    },
    /** Resolves when the next update has been taken or dropped. */
    nextTaken: (): Promise<void> =>
      new Promise(resolve => {
        onTaken = resolve
      }),
  }
}

/**
 * The name of the queue for an update. Telegram keeps the order of the messages within a chat; button presses, inline
 * queries and membership changes have their own order.
 */
const queueOf = ({ message, callback_query, inline_query, my_chat_member }: Update): string => {
  if (callback_query !== undefined) return `press ${callback_query.from?.id}`
  if (inline_query !== undefined) return `inline ${inline_query.from?.id}`
  if (my_chat_member !== undefined) return `member ${my_chat_member.chat?.id}`
  return `chat ${message?.chat?.id}`
}

const expiryOf = ({ message, callback_query, inline_query }: Update, firstAt: number): number => {
  if (callback_query !== undefined) return firstAt + lifetimeMs.callbackQuery
  if (inline_query !== undefined) return firstAt + lifetimeMs.inlineQuery
  return (message?.date === undefined ? firstAt : message.date * 1000) + lifetimeMs.message
}
