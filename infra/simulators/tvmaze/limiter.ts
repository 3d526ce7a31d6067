import type { Clock } from '#functions/host/clock.ts'

const CALLS = 20
const WINDOW_MS = 10_000

/** TVMaze's limit: 20 calls in any 10 seconds. Says how many seconds to wait, 0 to go on; refused calls do not count. */
export const limiter = (clock: Clock): (() => number) => {
  const recent: number[] = []
  return () => {
    const now = clock().getTime()
    while (recent[0] !== undefined && recent[0] <= now - WINDOW_MS) recent.shift()
    if (recent.length >= CALLS) return Math.max(1, Math.ceil(((recent[0] ?? now) + WINDOW_MS - now) / 1000))
    recent.push(now)
    return 0
  }
}
