import {
  defaultIntervalS,
  defaultTimeoutS,
  maxIntervalS,
  maxTimeoutS,
  minIntervalS,
} from '#functions/checks/interval-and-timeout.ts'
import { formatDuration } from '#functions/vigia-yaml/duration.ts'

export interface ImportedTiming {
  entry: { interval?: string; timeout?: string }
  lost: string[]
}

/** The interval and the timeout of another program, within the limits of Vigia. The defaults are left out. */
export const timingOf = (intervalMs: number, timeoutMs: number): ImportedTiming => {
  const intervalS = Math.min(Math.max(Math.round(intervalMs / 1000), minIntervalS), maxIntervalS)
  const longestMs = maxTimeoutS(intervalS) * 1000
  const limitMs = Math.min(Math.max(Math.round(timeoutMs), 100), longestMs)
  const told = (ms: number) => formatDuration(ms)
  return {
    entry: {
      ...(intervalS !== defaultIntervalS && { interval: told(intervalS * 1000) }),
      ...(limitMs !== defaultTimeoutS(intervalS) * 1000 && { timeout: told(limitMs) }),
    },
    lost: [
      ...(intervalS * 1000 === Math.round(intervalMs)
        ? []
        : [`the interval is ${told(intervalS * 1000)} instead of ${told(intervalMs)}`]),
      ...(timeoutMs > longestMs ? [`the timeout is ${told(limitMs)} instead of ${told(timeoutMs)}`] : []),
    ],
  }
}

/**
 * How many attempts confirm a failure: at least the default, because Vigia makes them within one check, so they delay a
 * message by seconds only.
 */
export const confirmationsOf = (wanted: number, usual: number): { confirmations?: number } => {
  const confirmations = Math.min(Math.max(wanted, usual), 10)
  return confirmations === usual ? {} : { confirmations }
}
