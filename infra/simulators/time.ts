import type { Clock } from '#functions/host/clock.ts'

/** What the simulators know of time: the hour, and how to be woken later. */
export interface Time {
  readonly now: Clock
  /** Runs `work` after `ms`; the answer cancels it. */
  after(ms: number, work: () => void): () => void
}

/** Time whose hour comes from `clock` and whose timers are the machine's; they keep no process alive. */
export const realTime = (clock: Clock = () => new Date()): Time => ({
  now: clock,
  after: (ms, work) => {
    const timer = setTimeout(work, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
})

/** Time that only moves when it is told to. */
export interface ManualTime extends Time {
  /** Moves on by `ms`, running what falls due on the way in its order, each with its turn of the event loop. */
  advance(ms: number): Promise<void>
  /** How far away the next timer is, in ms; null where nobody waits. */
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
