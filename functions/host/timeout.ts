/** The error of work that did not end in time. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut'
}

/**
 * Resolves with the result of `work`, or rejects with TimedOut after `ms`. After a timeout the work itself goes on, and
 * its result is ignored.
 */
export const withTimeout = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(`${what} took longer than ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
