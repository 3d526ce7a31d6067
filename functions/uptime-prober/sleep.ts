import { setTimeout } from 'node:timers/promises'

/** Waits; less long when `signal` aborts. An argument, so that a test's time passes as the test says. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

export const sleep: Sleep = async (ms, signal) => {
  try {
    await setTimeout(ms, undefined, signal && { signal })
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}
