import { RetryLater } from '#functions/host/errors.ts'
import { isPassing } from './database-faults.ts'
import type { Sleep } from './sleep.ts'

const pauseMs = 1_000

/** Asks the database again, once a second for a minute, while it is away. Other errors come through at once. */
export const patiently = async <T>(ask: () => Promise<T>, sleep: Sleep, tries = 60): Promise<T> => {
  for (let left = tries; ; left--) {
    try {
      return await ask()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (left <= 1) throw new RetryLater('the database is away', 5, { cause: error })
      await sleep(pauseMs)
    }
  }
}
