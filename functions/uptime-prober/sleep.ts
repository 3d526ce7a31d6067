import { setTimeout } from 'node:timers/promises'

/** Waits `ms` milliseconds, or until `signal` aborts. It is a dependency, so that tests do not wait. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

export const sleep: Sleep = (ms, signal) => setTimeout(ms, undefined, signal && { signal }).catch(() => {})
