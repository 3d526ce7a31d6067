import type { Clock } from '#functions/host/clock.ts'

const maxCalls = 20
const windowMs = 10_000

/**
 * TVmaze's limit of 20 calls in any 10 seconds. The returned function counts a call and returns 0, or returns the
 * seconds to wait; a refused call is not counted.
 */
export const callLimiter = (clock: Clock): (() => number) => {
  const recent: number[] = []
  return () => {
    const now = clock().getTime()
    while (recent[0] !== undefined && recent[0] <= now - windowMs) recent.shift()
    if (recent.length >= maxCalls) return Math.max(1, Math.ceil(((recent[0] ?? now) + windowMs - now) / 1000))
    recent.push(now)
    return 0
  }
}
