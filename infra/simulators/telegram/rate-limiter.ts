import type { Clock } from '#functions/host/clock.ts'
import { tooManyRequests } from './bot-api-error.ts'

/** How much a bot may send: tokens refill evenly, `burst` is how many may come at once. */
export interface RateLimits {
  chat: { perSecond: number; burst: number }
  group: { perMinute: number; burst: number }
  all: { perSecond: number; burst: number }
}

/** What Telegram lets pass in practice: a message a second to a chat, with room for a quick exchange. */
export const usualRates: RateLimits = {
  chat: { perSecond: 1, burst: 20 },
  group: { perMinute: 20, burst: 20 },
  all: { perSecond: 30, burst: 30 },
}

/** The most careful reading of Telegram's words. */
export const strictRates: RateLimits = { ...usualRates, chat: { perSecond: 1, burst: 3 } }

export interface RateLimiter {
  /** Counts one message to a chat, or throws 429. Refused calls count for nothing. */
  spend(chatId: number, isGroup: boolean): void
}

interface Bucket {
  tokens: number
  at: number
}

export const rateLimiter = (clock: Clock, rates: RateLimits | false): RateLimiter => {
  const buckets = new Map<string, Bucket>()
  const look = (key: string, perSecond: number, burst: number): Bucket => {
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
      const limits = isGroup
        ? [{ key: `group ${chatId}`, perSecond: rates.group.perMinute / 60, burst: rates.group.burst }]
        : [{ key: `chat ${chatId}`, ...rates.chat }]
      const spent = [...limits, { key: 'all', ...rates.all }].map(limit => ({
        bucket: look(limit.key, limit.perSecond, limit.burst),
        perSecond: limit.perSecond,
      }))
      const waits = spent.map(({ bucket, perSecond }) => (1 - bucket.tokens) / perSecond)
      const longest = Math.max(...waits)
      if (longest > 0) throw tooManyRequests(Math.max(1, Math.ceil(longest)))
      for (const { bucket } of spent) bucket.tokens--
    },
  }
}
