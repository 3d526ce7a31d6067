import type { Time } from '../time.ts'
import type { Args } from './args.ts'
import type { Update } from './bot-api.ts'
import { conflict } from './bot-api-error.ts'
import type { Bot } from './state.ts'
import { setAllowedUpdates } from './surface.ts'

const maxTimeoutS = 50

interface OpenPoll {
  end(error?: Error): void
}

const openPolls = new WeakMap<Bot, OpenPoll>()

/** Ends a bot's open getUpdates, as another getUpdates or a setWebhook does. */
export const endPolling = (bot: Bot, reason: string): void => openPolls.get(bot)?.end(conflict(reason))

/** getUpdates: at once where there is news, else when some comes or the timeout is over. */
export const getUpdates = async (time: Time, bot: Bot, args: Args, gone: AbortSignal): Promise<Update[]> => {
  if (bot.webhook.settings() !== null) {
    throw conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
  }
  setAllowedUpdates(bot, args)
  const offset = args.integer('offset') ?? 0
  const limit = Math.min(100, Math.max(1, args.integer('limit') ?? 100))
  const timeoutS = Math.min(maxTimeoutS, Math.max(0, args.integer('timeout') ?? 0))
  endPolling(bot, 'terminated by other getUpdates request; make sure that only one bot instance is running')
  const ready = bot.updates.take(offset, limit)
  if (ready.length > 0 || timeoutS === 0) return ready
  await nextUpdate(time, bot, timeoutS * 1000, gone)
  return bot.updates.take(0, limit)
}

const nextUpdate = (time: Time, bot: Bot, timeoutMs: number, gone: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      cancel()
      unwatch()
      gone.removeEventListener('abort', hungUp)
      if (openPolls.get(bot) === entry) openPolls.delete(bot)
      if (error === undefined) resolve()
      else reject(error)
    }
    const entry: OpenPoll = { end }
    const hungUp = () => end()
    const cancel = time.after(timeoutMs, () => end())
    const unwatch = bot.updates.watch(() => end())
    gone.addEventListener('abort', hungUp)
    openPolls.set(bot, entry)
  })
