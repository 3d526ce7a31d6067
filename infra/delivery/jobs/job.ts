import { setTimeout } from 'node:timers/promises'
import { env } from '#functions/host/env.ts'
import { asError } from '#functions/host/errors.ts'
import { logger } from '#functions/host/log.ts'
import { logFatal, logWarnings } from '#functions/host/process-log.ts'
import { RetryTimeout, retry } from './retry.ts'

/** The exit code EX_TEMPFAIL of sysexits.h: running the job again may succeed. */
const temporaryFailure = 75

export interface Job<T> {
  /** Does the work, or throws. It reads the environment, so that a missing variable is logged like any other error. */
  work: () => Promise<T>
  /** True for an error after which `work` is repeated, for PATIENCE_SECONDS (240) at most. */
  isTemporary: (error: unknown) => boolean
  /** The last log line after success. */
  done: (result: T) => string
}

/**
 * Runs a program that ends by itself. Exit code 0: done. 75: something that it needs was not ready in time; running it
 * again may help. 1: running it again will not help.
 */
export const job = async <T>(name: string, { work, isTemporary, done }: Job<T>): Promise<void> => {
  // In a container the job is process 1, and Linux ignores a signal to process 1 if the process has no handler for it.
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
    const result = await retry(work, {
      timeoutMs: seconds('PATIENCE_SECONDS', '240') * 1_000,
      now: () => performance.now(),
      sleep: ms => setTimeout(ms),
      isTemporary,
      onWait: reason => log.info(`waiting: ${reason}`),
    })
    log.info(done(result))
  } catch (thrown) {
    const error = asError(thrown)
    log.fatal({ error }, error.message)
    process.exitCode = error instanceof RetryTimeout ? temporaryFailure : 1
  }
}

const seconds = (name: string, fallback: string): number => {
  const text = env(name, fallback)
  if (!/^\d{1,5}$/.test(text))
    throw new Error(`${name} is ${JSON.stringify(text)}; it must be a number of seconds with 5 digits at most`)
  return Number(text)
}
