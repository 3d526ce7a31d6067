/** Patience came to its end. The message says what was waited for and how long. */
export class TooLate extends Error {}

export interface Patience {
  /** How long to go on trying. */
  patienceMs: number
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
  sleep: (ms: number) => Promise<void>
  /** True for an error that time may heal; any other is thrown at once. */
  passes: (error: unknown) => boolean
  /** Gets why it is waiting, once for each new reason. */
  waiting: (reason: string) => void
}

const longestPauseMs = 5_000

/** Does `work` as soon as it can be done; throws TooLate when patience ends first. */
export const patiently = async <T>(
  work: () => Promise<T>,
  { patienceMs, now, sleep, passes, waiting }: Patience,
): Promise<T> => {
  const end = now() + patienceMs
  let said: string | undefined
  for (let pause = 250; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      return await work()
    } catch (error) {
      if (!passes(error)) throw error
      const reason = wordsOf(error as Error)
      if (now() + pause > end) throw new TooLate(`after ${patienceMs / 1_000} s still: ${reason}`, { cause: error })
      if (reason !== said) waiting(reason)
      said = reason
      await sleep(pause)
    }
  }
}

/** Several addresses that refuse make one error without a message. */
const wordsOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map(({ message }) => message).join(', ') : error.message
