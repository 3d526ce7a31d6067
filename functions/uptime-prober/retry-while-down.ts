import pRetry from 'p-retry'
import { isTransient } from '#database/unavailable.ts'
import { RetryLater } from '#functions/host/errors.ts'
import type { Sleep } from './sleep.ts'

const retries = 59
const pauseMs = 1_000

/**
 * Repeats `query` once a second for a minute while PostgreSQL is unavailable, then throws RetryLater. Throws other
 * errors at once.
 */
export const retryWhileDown = async <T>(query: () => Promise<T>, sleep: Sleep): Promise<T> => {
  const shouldRetry = async ({ error }: { error: Error }) => {
    if (!isTransient(error)) return false
    await sleep(pauseMs)
    return true
  }
  try {
    // The pause is in shouldRetry because p-retry itself would wait in real time, also in tests.
    return await pRetry(query, { retries, minTimeout: 0, shouldRetry })
  } catch (error) {
    if (!isTransient(error)) throw error
    throw new RetryLater('PostgreSQL is unavailable; the broker delivers the event again', 5, { cause: error })
  }
}
