import type { Clock } from '#functions/host/clock.ts'
import { tooManyRequests } from './bot-api-error.ts'

/**
 * How many messages a bot may send, as token buckets: `burst` messages may be sent at once, and tokens refill evenly.
 */
export interface RateLimits {
  chat: { perSecond: number; burst: number }
  group: { perMinute: number; burst: number }
  all: { perSecond: number; burst: number }
}

/**
 * The limits that Telegram applies in practice: one message per second to a chat, with a burst for a quick
 * conversation.
 */
export const usualRates: RateLimits = {
  chat: { perSecond: 1, burst: 20 },
  group: { perMinute: 20, burst: 20 },
  all: { perSecond: 30, burst: 30 },
}

/** The limits by the strictest interpretation of Telegram's documentation. */
export const strictRates: RateLimits = { ...usualRates, chat: { perSecond: 1, burst: 3 } }

export interface RateLimiter {
  /** Counts one message to a chat, or throws 429. A refused message does not count. */
  spend(chatId: number, isGroup: boolean): void
}

interface Bucket {
  tokens: number
  /** Unix milliseconds of the last refill. */
  at: number
}

export const rateLimiter = (clock: Clock, rates: RateLimits | false): RateLimiter => {
  const buckets = new Map<string, Bucket>()
  const refilled = (key: string, perSecond: number, burst: number): Bucket => {
    const now = clock().getTime()
    const bucket = buckets.get(key) ?? { tokens: burst, at: now }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    buckets.set(key, bucket)
    return bucket
  }
  return {
    spend: (chatId, isGroup) => {
      if (rates === false) return
      const chatLimit = isGroup
        ? { key: `group ${chatId}`, perSecond: rates.group.perMinute / 60, burst: rates.group.burst }
        : { key: `chat ${chatId}`, ...rates.chat }
      const limits = [chatLimit, { key: 'all', ...rates.all }].map(({ key, perSecond, burst }) => ({
        bucket: refilled(key, perSecond, burst),
        perSecond,
      }))
      const waits = limits.map(({ bucket, perSecond }) => (1 - bucket.tokens) / perSecond)
      const longestS = Math.max(...waits)
      if (longestS > 0) throw tooManyRequests(Math.max(1, Math.ceil(longestS)))
      for (const { bucket } of limits) bucket.tokens--
    },
  }
}
