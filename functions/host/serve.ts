import { env, envOptional } from './env.ts'
import type { FunctionDefinition } from './function-definition.ts'
import { logLevel } from './log-level.ts'
import { logFatal, logWarnings } from './process-log.ts'
import { createFunctionServer } from './server.ts'

export type { DeadLetter } from './dead-letter.ts'
export {
  type Context,
  type EventsToPublish,
  type FunctionDefinition,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  on,
} from './function-definition.ts'

/**
 * How long requests in flight may go on after SIGTERM before their signal aborts. It is shorter than the time that a
 * platform allows after SIGTERM.
 */
const drainTimeoutMs = 25_000

/**
 * The time that requests in flight get after an uncaught error. It is shorter, because one of these requests may have
 * caused the error and may never end.
 */
const drainTimeoutAfterFailureMs = 10_000

/**
 * Ends the process. This version is used while main.ts is still starting: no request is in flight, so it only logs the
 * error. `serve` replaces it.
 */
let endProcess = async (_exitCode: number, reason: unknown): Promise<void> => {
  await logFatal(reason)
  process.exit(1)
}
logWarnings()
process.on('uncaughtException', error => endProcess(1, error))
// A promise that no code awaits was rejected. The requests in flight do not depend on it and are completed; a new
// process then takes over.
process.on('unhandledRejection', reason => endProcess(1, reason))

/**
 * Runs one function in this process. It listens on PORT. On SIGTERM or SIGINT it completes the requests in flight,
 * closes the function's resources, and exits with 0.
 */
export const serve = (definition: FunctionDefinition): void => {
  // Throws now if LOG_LEVEL is invalid, and not only at the first log line.
  logLevel()
  const server = createFunctionServer(definition)
  let exitCode: number | undefined
  endProcess = async (code, reason) => {
    const isFirst = exitCode === undefined
    exitCode = Math.max(exitCode ?? 0, code)
    if (reason !== undefined) await server.logFatal(reason)
    if (!isFirst) return
    await server.drain(code === 0 ? drainTimeoutMs : drainTimeoutAfterFailureMs)
    process.exit(exitCode)
  }
  process.on('SIGTERM', () => endProcess(0, undefined))
  process.on('SIGINT', () => endProcess(0, undefined))
  server.listen(port(), envOptional('HOST')).catch(error => endProcess(1, error))
}

const port = () => {
  const value = env('PORT', '8080')
  if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65_535)
    throw new Error(`PORT is ${JSON.stringify(value)}; it must be a number from 1 to 65535`)
  return Number(value)
}
