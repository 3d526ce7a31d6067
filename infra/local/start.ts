import { setTimeout } from 'node:timers/promises'
import { Refusal } from '../refusal.ts'
import { help, readArguments } from './arguments.ts'
import { banner } from './banner.ts'
import { readEnvironment, type Settings } from './environment.ts'
import { listen } from './http/server.ts'
import { type StartPage, startPage } from './http/starting/page.ts'
import { createStartProgress, type StartProgress } from './http/starting/progress.ts'
import type { Runtime } from './runtime.ts'
import { type Terminal, terminal } from './terminal.ts'

/**
 * How long a step of the start, for example initdb, may take to finish after a signal. Vigia waits for the step, so
 * that no process is left running.
 */
const stopTimeoutMs = 30_000

/**
 * `npm start`: reads the arguments and the environment, listens on PORT, starts the runtime, and stops it on a signal.
 */
export const start = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  const began = performance.now()
  const parsedArguments = readArguments(args)
  if (typeof parsedArguments === 'string') return refuse([parsedArguments], 2)
  if (parsedArguments.help) return void process.stdout.write(help)
  const settings = readEnvironment(env)
  if (Array.isArray(settings)) return refuse(settings, 1)

  // After the terminal was closed, every write to it fails. The failed writes must not interrupt an orderly stop.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  const progress = createStartProgress()
  const page = startPage(progress)
  const screen = terminal(process.stdout, settings.logLevel ?? 'warn', progress)
  const stopRequest = new AbortController()
  const fail = async (error: unknown) => {
    if (stopRequest.signal.aborted) return
    await failed(linesOf(error, settings), progress, page)
  }
  try {
    // Listens before the rest of the code is loaded, so that a browser shows the progress of the start at once.
    const server = await listen(settings.port, page.handle)
    const runtime = import('./bring-up.ts').then(({ bringUp }) =>
      bringUp({ args: parsedArguments, settings, server, progress, screen, env, signal: stopRequest.signal }),
    )
    endOnSignals(stopRequest, runtime, screen)
    const { publicPort, isSimulated, mongo, dataDir, allBuilt, stop } = await runtime
    const publicUrl = settings.publicUrl?.href
    const tookMs = performance.now() - began
    const { port } = server
    screen.say(banner({ port, publicPort, isSimulated, dataDir, catalogue: mongo.description, publicUrl, tookMs }))
    // If a function cannot be built, Vigia stops. The events of the function are kept, and the next start delivers
    // them.
    await allBuilt.catch(async error => {
      if (!stopRequest.signal.aborted) await stop()
      throw error
    })
  } catch (error) {
    await fail(error)
  }
}

// After one Ctrl-C this process gets two signals: one from the terminal and one from npm. Two signals within this time
// are one key press.
const oneKeyPressMs = 500

const endOnSignals = (stopRequest: AbortController, runtime: Promise<Runtime>, screen: Terminal) => {
  let firstAt = 0
  let isUp = false
  runtime.then(
    () => {
      isUp = true
    },
    () => {},
  )
  const end = async (code: number) => {
    if (stopRequest.signal.aborted) {
      if (performance.now() - firstAt < oneKeyPressMs) return
      screen.say('stopping at once')
      // The next start ends the processes that remain when the start is interrupted here.
      return isUp ? void (await runtime).stop() : process.exit(code)
    }
    firstAt = performance.now()
    stopRequest.abort(new Refusal('Vigia was stopped before it was up'))
    screen.say('\nstopping (press Ctrl-C again to stop at once)')
    const up = await Promise.race([runtime.catch(() => undefined), setTimeout(stopTimeoutMs, undefined)])
    await up?.stop()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0))
  const failed = (error: unknown) => {
    screen.warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
    void end(1)
  }
  process.on('uncaughtException', failed)
  process.on('unhandledRejection', failed)
  // npm and this process may get the same signal to stop. If this process is already stopping, the end of npm is not a
  // second request to stop.
  endWithNpm(() => {
    if (!stopRequest.signal.aborted) void end(0)
  })
}

/** How often the parent process is checked. */
const checkParentMs = 1_000

/** Calls `end` when npm has ended, because npm may end without sending a signal to the process that it has started. */
const endWithNpm = (end: () => void) => {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    end()
  }, checkParentMs)
  timer.unref()
}

/**
 * The lines about a failed start: without stack traces, and without secrets, which errors of database drivers may
 * contain.
 */
const linesOf = (error: unknown, { databaseUrl, mongodbUri }: Settings): string[] => {
  // The error is a ManifestErrors. This file does not import the class, because its module is loaded later.
  if (error instanceof Error && 'lines' in error) return error.lines as string[]
  let text = error instanceof Error ? error.message : String(error)
  if (!(error instanceof Refusal)) text = text.split('\n')[0]!
  for (const secret of [databaseUrl, mongodbUri]) if (secret) text = text.replaceAll(secret, '…')
  return text.split('\n')
}

/** Shows the reason in the terminal and on the pages that are open, and then ends the process. */
const failed = async (lines: readonly string[], progress: StartProgress, page: StartPage) => {
  progress.fail(lines)
  for (const line of lines) process.stderr.write(`vigia: ${line}\n`)
  await page.failureSeen()
  process.exit(1)
}

const refuse = (lines: readonly string[], code: number) => {
  for (const line of lines) process.stderr.write(`vigia: ${line}\n`)
  process.exit(code)
}
