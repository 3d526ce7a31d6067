import type { Time } from '#simulators/time.ts'

/** A time for tests: it stands still until the test advances it. */
export interface ManualTime extends Time {
  /** Advances the time by `ms`. The timers that become due run in order, each in its own turn of the event loop. */
  advance(ms: number): Promise<void>
  /** Milliseconds until the next timer, or null if there is no timer. */
  next(): number | null
}

export const manualTime = (start: Date): ManualTime => {
  let now = start.getTime()
  let count = 0
  const waiting = new Map<number, { at: number; work: () => void }>()
  const earliest = () => [...waiting].sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
  const turn = () => new Promise<void>(resolve => setImmediate(resolve))
  return {
    now: () => new Date(now),
    after: (ms, work) => {
      const key = count++
      waiting.set(key, { at: now + ms, work })
      return () => void waiting.delete(key)
    },
    next: () => {
      const first = earliest()
      return first === undefined ? null : Math.max(0, first[1].at - now)
    },
    advance: async ms => {
      const end = now + ms
      for (let first = earliest(); first !== undefined && first[1].at <= end; first = earliest()) {
        waiting.delete(first[0])
        now = Math.max(now, first[1].at)
        first[1].work()
        await turn()
      }
      now = end
      await turn()
    },
  }
}
