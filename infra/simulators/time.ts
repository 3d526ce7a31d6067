import type { Clock } from '#functions/host/clock.ts'

/** The clock and the timers of the simulators; tests replace both with a time that they advance themselves. */
export interface Time {
  readonly now: Clock
  /** Calls `work` after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, work: () => void): () => void
}

/** The current time from `clock`, with the timers of Node.js. The timers do not keep the process alive. */
export const realTime = (clock: Clock = () => new Date()): Time => ({
  now: clock,
  after: (ms, work) => {
    const timer = setTimeout(work, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
})
