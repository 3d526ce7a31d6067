import { setTimeout } from 'node:timers/promises'

/** Waits `ms` milliseconds, or until `signal` aborts. A dependency, so that a test's time passes without waiting. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

export const sleep: Sleep = (ms, signal) => setTimeout(ms, undefined, signal && { signal }).catch(() => {})
