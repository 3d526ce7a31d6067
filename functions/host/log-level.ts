import { env } from './env.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** The value of LOG_LEVEL, by default `info`. Throws for a value that is not a level. */
export const logLevel = (): string => {
  const level = env('LOG_LEVEL', 'info')
  if (!levels.includes(level)) throw new Error(`LOG_LEVEL is ${JSON.stringify(level)}; it can be ${levels.join(', ')}`)
  return level
}
