import { format } from 'node:util'
import { env } from './env.ts'
import { asError } from './errors.ts'

const consoleLevels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const

// The level is set, because LOG_LEVEL may be what is wrong.
const ownLogger = async () => (await import('./log.ts')).logger(env('FUNCTION_TARGET', 'vigia'), { level: 'info' })

/**
 * Makes lines of the log of what Node and libraries print as plain text: warnings, and what goes through `console`. The logger is
 * loaded by the first of them.
 */
export const logWarnings = (): void => {
  // Node's own listener prints them.
  process.removeAllListeners('warning')
  process.on('warning', async warning => {
    const { name, code, stack } = warning as Error & { code?: string }
    ;(await ownLogger()).warn({ warning: { name, code, stack } }, warning.message)
  })
  for (const [method, level] of Object.entries(consoleLevels))
    console[method as keyof typeof consoleLevels] = async (...words: unknown[]) => {
      const text = format(...words)
      ;(await ownLogger())[level](text)
    }
}

/** Logs why the process must end. */
export const logFatal = async (reason: unknown): Promise<void> => {
  const error = asError(reason)
  ;(await ownLogger()).fatal({ error }, error.message)
}
