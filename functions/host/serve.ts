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

/** Longer than any of our requests needs, shorter than what a platform grants after SIGTERM. */
const drainMs = 25_000

/** For a process that has failed: what is in flight may be what failed, and never end. */
const drainAfterFailureMs = 10_000

/** Ends the process. While main.ts wires, nothing is in flight yet; a failure is one line of the log then, too. */
let end = async (_: number, reason: unknown): Promise<void> => {
  await logFatal(reason)
  process.exit(1)
}
logWarnings()
process.on('uncaughtException', error => end(1, error))
// A promise that nobody awaited has failed. What else is in flight knows nothing of it and is finished; then a fresh process takes over.
process.on('unhandledRejection', reason => end(1, reason))

/** Runs one function in this process: listens on PORT, and on SIGTERM or SIGINT finishes what is in flight, closes, and exits 0. */
export const serve = (fitting: FunctionDefinition): void => {
  logLevel()
  const host = createFunctionServer(fitting)
  let exitCode: number | undefined
  end = async (code, reason) => {
    const first = exitCode === undefined
    exitCode = Math.max(exitCode ?? 0, code)
    if (reason !== undefined) await host.logFatal(reason)
    if (!first) return
    await host.drain(code === 0 ? drainMs : drainAfterFailureMs)
    process.exit(exitCode)
  }
  process.on('SIGTERM', () => end(0, undefined))
  process.on('SIGINT', () => end(0, undefined))
  host.listen(port(), envOptional('HOST')).catch(error => end(1, error))
}

const port = () => {
  const value = env('PORT', '8080')
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    throw new Error(`PORT is ${JSON.stringify(value)}; it must be a number from 1 to 65535`)
  return Number(value)
}
