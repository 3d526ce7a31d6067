import type { Time } from '../time.ts'
import type { Args } from './args.ts'
import type { Update } from './bot-api.ts'
import { conflict } from './bot-api-error.ts'
import type { Bot } from './state.ts'
import { setAllowedUpdates } from './webhook-methods.ts'

const maxTimeoutS = 50

interface OpenPoll {
  end(error?: Error): void
}

const openPolls = new WeakMap<Bot, OpenPoll>()

/** Ends a bot's open getUpdates call with 409, because the bot called getUpdates again or called setWebhook. */
export const endPolling = (bot: Bot, reason: string): void => openPolls.get(bot)?.end(conflict(reason))

/**
 * Runs getUpdates. It returns at once if there are updates; otherwise it waits until an update arrives, the timeout
 * ends, or the caller closes the connection (`closed`).
 */
export const getUpdates = async (time: Time, bot: Bot, args: Args, closed: AbortSignal): Promise<Update[]> => {
  if (bot.webhook.settings() !== null) {
    throw conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
  }
  setAllowedUpdates(bot, args)
  const offset = args.integer('offset') ?? 0
  const limit = Math.min(100, Math.max(1, args.integer('limit') ?? 100))
  const timeoutS = Math.min(maxTimeoutS, Math.max(0, args.integer('timeout') ?? 0))
  endPolling(bot, 'terminated by other getUpdates request; make sure that only one bot instance is running')
  const updates = bot.updates.take(offset, limit)
  if (updates.length > 0 || timeoutS === 0) return updates
  await nextUpdate(time, bot, timeoutS * 1000, closed)
  return bot.updates.take(0, limit)
}

const nextUpdate = (time: Time, bot: Bot, timeoutMs: number, closed: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      cancelTimeout()
      unwatch()
      closed.removeEventListener('abort', onClosed)
      if (openPolls.get(bot) === poll) openPolls.delete(bot)
      if (error === undefined) resolve()
      else reject(error)
    }
    const poll: OpenPoll = { end }
    const onClosed = () => end()
    const cancelTimeout = time.after(timeoutMs, () => end())
    const unwatch = bot.updates.watch(() => end())
    closed.addEventListener('abort', onClosed)
    openPolls.set(bot, poll)
  })
