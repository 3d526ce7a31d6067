import { setTimeout } from 'node:timers/promises'
import { env } from '#functions/host/env.ts'
import { asError } from '#functions/host/errors.ts'
import { logger } from '#functions/host/log.ts'
import { logFatal, logWarnings } from '#functions/host/process-log.ts'
import { patiently, TooLate } from './patience.ts'

/** EX_TEMPFAIL: the same again may work. */
const later = 75

export interface Job<T> {
  /** Does it, or throws. Read the environment here: a missing variable is a line of the log then, too. */
  work: () => Promise<T>
  /** True for an error that time may heal: `work` is done again, for PATIENCE_SECONDS (240) at most. */
  passes: (error: unknown) => boolean
  /** The last line of a good end. */
  done: (result: T) => string
}

/**
 * Runs a program that ends by itself. Exit code 0: done; 75: a neighbour was not there in time, again may help; 1: again will not
 * help.
 */
export const job = async <T>(name: string, { work, passes, done }: Job<T>): Promise<void> => {
  // The first process of a container is not ended by a signal that it does not handle.
  process.once('SIGTERM', () => process.exit(143))
  process.once('SIGINT', () => process.exit(130))
  logWarnings()
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, async reason => {
      await logFatal(reason)
      process.exit(1)
    })
  const log = logger(name)
  try {
    const result = await patiently(work, {
      patienceMs: seconds('PATIENCE_SECONDS', '240') * 1_000,
      now: () => performance.now(),
      sleep: ms => setTimeout(ms),
      passes,
      waiting: reason => log.info(`waiting: ${reason}`),
    })
    log.info(done(result))
  } catch (thrown) {
    const error = asError(thrown)
    log.fatal({ error }, error.message)
    process.exitCode = error instanceof TooLate ? later : 1
  }
}

const seconds = (name: string, fallback: string): number => {
  const text = env(name, fallback)
  if (!/^\d{1,5}$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text)}, which is no number of seconds`)
  return Number(text)
}
