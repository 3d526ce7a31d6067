import pRetry from 'p-retry'

/** The time for retries is over. The message has the time and the last reason. */
export class RetryTimeout extends Error {}

export interface RetryOptions {
  /** For how long to retry. */
  timeoutMs: number
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
  sleep: (ms: number) => Promise<void>
  /** True for an error after which the same work may succeed; any other error is thrown at once. */
  isTemporary: (error: unknown) => boolean
  /** Receives the reason for waiting, once for each new reason. */
  onWait: (reason: string) => void
}

const firstPauseMs = 250
const longestPauseMs = 5_000

/**
 * Repeats `work` with growing pauses until it succeeds. Throws RetryTimeout instead of a pause that would end later
 * than `timeoutMs` after the start.
 */
export const retry = async <T>(
  work: () => Promise<T>,
  { timeoutMs, now, sleep, isTemporary, onWait }: RetryOptions,
): Promise<T> => {
  const end = now() + timeoutMs
  let lastReason: string | undefined
  const shouldRetry = async ({ error, attemptNumber }: { error: Error; attemptNumber: number }) => {
    if (!isTemporary(error)) return false
    const pauseMs = Math.min(firstPauseMs * 2 ** (attemptNumber - 1), longestPauseMs)
    const reason = reasonOf(error)
    if (now() + pauseMs > end)
      throw new RetryTimeout(`gave up after ${timeoutMs / 1_000} s: ${reason}`, { cause: error })
    if (reason !== lastReason) onWait(reason)
    lastReason = reason
    await sleep(pauseMs)
    return true
  }
  // The pause is in shouldRetry because p-retry itself would wait in real time, also in tests.
  return pRetry(work, { retries: Number.POSITIVE_INFINITY, minTimeout: 0, shouldRetry })
}

/** When several addresses refuse a connection, Node throws an AggregateError without a message. */
const reasonOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map(({ message }) => message).join(', ') : error.message
