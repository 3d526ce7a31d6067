import { format } from 'node:util'
import { env } from './env.ts'
import { asError } from './errors.ts'

const consoleLevels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const

// The level is fixed here, because an invalid LOG_LEVEL may be the error to log.
const processLogger = async () => (await import('./log.ts')).logger(env('FUNCTION_TARGET', 'vigia'), { level: 'info' })

/**
 * Writes warnings and calls of `console` to the JSON log. Without this, Node prints them as plain text. The logger is
 * loaded when the first of these lines is written.
 */
export const logWarnings = (): void => {
  // Removes Node's own listener, which prints warnings as text.
  process.removeAllListeners('warning')
  process.on('warning', async warning => {
    ;(await processLogger()).warn({ error: warning }, warning.message)
  })
  for (const [method, level] of Object.entries(consoleLevels))
    console[method as keyof typeof consoleLevels] = async (...values: unknown[]) => {
      const text = format(...values)
      ;(await processLogger())[level](text)
    }
}

/** Logs the error that ends the process. */
export const logFatal = async (reason: unknown): Promise<void> => {
  const error = asError(reason)
  ;(await processLogger()).fatal({ error }, error.message)
}
