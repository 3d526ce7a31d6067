import type { Clock } from '#functions/host/clock.ts'
import { TvmazeBusy } from './errors.ts'

/**
 * The calls to TVMaze that all functions share. `take` returns 0 if a call may go out now, else the milliseconds to
 * wait.
 */
export interface CallBudget {
  take(): Promise<number>
  pause(ms: number): Promise<void>
}

type Wait = (ms: number) => Promise<void>

/** Waits until the budget grants a call. Throws TvmazeBusy if that takes more than `longestWaitMs`. */
export const budgetLimiter = (budget: CallBudget, longestWaitMs: number, wait: Wait) => async () => {
  let remainingMs = longestWaitMs
  for (let ms = await budget.take(); ms > 0; ms = await budget.take()) {
    if (ms > remainingMs) throw new TvmazeBusy(ms)
    remainingMs -= ms
    // The random part spreads the callers, so that they do not all ask again at the same instant.
    await wait(ms + Math.round(Math.random() * 100))
  }
}

/** Lets the callers of this process through one after another, at most `calls` in any ten seconds. */
export const processLimiter = (calls: number, clock: Clock, wait: Wait) => {
  const started: number[] = []
  let previous = Promise.resolve()
  return () => {
    previous = previous.then(async () => {
      const oldest = started.length < calls ? undefined : started.shift()
      const waitMs = oldest === undefined ? 0 : oldest + 10_000 - clock().getTime()
      if (waitMs > 0) await wait(waitMs)
      started.push(clock().getTime())
    })
    return previous
  }
}
