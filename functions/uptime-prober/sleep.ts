/** Waits; less long when `signal` aborts. An argument, so that a test's time passes as the test says. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

// What node:timers/promises does beside this costs more than this, and every due second of every batch pays for it.
export const sleep: Sleep = (ms, signal) =>
  new Promise(resolve => {
    if (signal?.aborted) return resolve()
    const wake = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    signal?.addEventListener('abort', wake)
  })
