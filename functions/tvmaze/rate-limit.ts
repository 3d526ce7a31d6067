import type { Clock } from '#functions/host/clock.ts'
import { TvmazeBusy } from './errors.ts'

/**
 * The limit of calls to TVmaze that all functions share. `take` returns 0 if a call may be made now, else the
 * milliseconds to wait. `pause` stops all calls for some time.
 */
export interface CallBudget {
  take(): Promise<number>
  pause(ms: number): Promise<void>
}

type Wait = (ms: number) => Promise<void>

/**
 * Makes a function that waits until the budget grants a call. It throws TvmazeBusy if the wait would exceed
 * `longestWaitMs` or the milliseconds that its caller has left.
 */
export const budgetLimiter = (budget: CallBudget, longestWaitMs: number, wait: Wait) => async (leftMs: number) => {
  let remainingMs = Math.min(longestWaitMs, leftMs)
  for (let ms = await budget.take(); ms > 0; ms = await budget.take()) {
    if (ms > remainingMs) throw new TvmazeBusy(ms)
    remainingMs -= ms
    // The random part spreads the callers, so that they do not all ask again at the same instant.
    await wait(ms + Math.round(Math.random() * 100))
  }
}

/**
 * Makes a function that lets the callers of this process through one after another, at most `calls` in any ten seconds.
 */
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
