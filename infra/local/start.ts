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

/** How long a start that is told to end may take to finish its step (initdb), so that nothing is left running. */
const mostEndMs = 30_000

/** `npm start`: reads what it was told, listens, brings the runtime up, and ends it again when asked to. */
export const start = async (given: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  const began = performance.now()
  const said = readArguments(given)
  if (typeof said === 'string') return refuse([said], 2)
  if (said.help) return void process.stdout.write(help)
  const settings = readEnvironment(env)
  if (Array.isArray(settings)) return refuse(settings, 1)

  // A terminal that has been closed takes no more words; that is no reason to end in the middle of an end.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  const progress = createStartProgress()
  const page = startPage(progress)
  const screen = terminal(process.stdout, settings.logLevel ?? 'warn', progress)
  const asked = new AbortController()
  const fail = async (error: unknown) => {
    if (asked.signal.aborted) return
    await failed(linesOf(error, settings), progress, page)
  }
  try {
    // Before anything else is loaded: a browser that is open already sees at once that something happens.
    const server = await listen(settings.port, page.handle)
    const runtime = import('./bring-up.ts').then(({ bringUp }) =>
      bringUp({ said, settings, server, progress, screen, env, signal: asked.signal }),
    )
    endOnSignals(asked, runtime, screen)
    const { publicPort, isSimulated, mongo, dataDir, allBuilt, stop } = await runtime
    const publicUrl = settings.publicUrl?.href
    const tookMs = performance.now() - began
    const { port } = server
    screen.say(banner({ port, publicPort, isSimulated, dataDir, catalogue: mongo.description, publicUrl, tookMs }))
    // Events for a function that cannot be built are kept; the next start delivers them.
    await allBuilt.catch(async error => {
      if (!asked.signal.aborted) await stop()
      throw error
    })
  } catch (error) {
    await fail(error)
  }
}

// npm passes Ctrl-C on to us although the terminal has sent it already: that is one, not two.
const ONE_KEY_MS = 500

const endOnSignals = (asked: AbortController, runtime: Promise<Runtime>, screen: Terminal) => {
  let firstAt = 0
  let isUp = false
  runtime.then(
    () => {
      isUp = true
    },
    () => {},
  )
  const end = async (code: number) => {
    if (asked.signal.aborted) {
      if (performance.now() - firstAt < ONE_KEY_MS) return
      screen.say('hurrying')
      // What is left of a start that is ended at once, the next start ends.
      return isUp ? void (await runtime).stop() : process.exit(code)
    }
    firstAt = performance.now()
    asked.abort(new Refusal('stopped before it was up'))
    screen.say('\nstopping (Ctrl-C again to hurry)')
    const up = await Promise.race([runtime.catch(() => undefined), setTimeout(mostEndMs, undefined)])
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
  endWithNpm(() => void end(0))
}

const npmLookMs = 1_000

/** npm that is told to end, or killed, ends without telling us. What it started ends with it all the same. */
const endWithNpm = (end: () => void) => {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const look = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(look)
    end()
  }, npmLookMs)
  look.unref()
}

/** What a person reads about an end before the beginning: no stack traces, and no secrets, which errors of drivers may hold. */
const linesOf = (error: unknown, { databaseUrl, mongodbUri }: Settings): string[] => {
  // ManifestFaults, whose module is loaded later than this one.
  if (error instanceof Error && 'lines' in error) return error.lines as string[]
  let text = error instanceof Error ? error.message : String(error)
  if (!(error instanceof Refusal)) text = text.split('\n')[0]!
  for (const secret of [databaseUrl, mongodbUri]) if (secret) text = text.replaceAll(secret, '…')
  return text.split('\n')
}

/** Says why on the terminal at once, and on the pages that are open, before the process ends. */
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
