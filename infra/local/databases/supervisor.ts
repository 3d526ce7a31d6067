import type { ChildProcess } from 'node:child_process'
import { closeSync, fstatSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { limitLog, logExcerpt, openLog } from './server-log.ts'

/** A database server that should run as long as Vigia does. */
export interface Server {
  /** The name in messages, for example PostgreSQL. */
  name: string
  /** Gets the output of the server. It is a file and not a pipe, because a server hangs when its pipe is not read. */
  logFile: string
  /** Called before each start: removes what a crash left behind. */
  prepare?(): Promise<void>
  /** Starts the process with the file descriptor `log` as its output. */
  start(log: number): ChildProcess
  /** Called after each start. */
  started?(pid: number): Promise<void>
  /** Whether the server has answered a query. A server is ready only after that. */
  answers(): Promise<boolean>
  /** How long a start may take, including recovery. */
  startWithinMs: number
  /** Ends the process and resolves when it is gone. */
  end(pid: number): Promise<void>
}

/** A server that Vigia keeps running. */
export interface Supervised {
  /** null while the server is down. */
  readonly pid: number | null
  /** Called when the server has ended by itself and is started again. */
  onDown(listener: (message: string) => void): void
  /** Called when the server answers again. */
  onUp(listener: () => void): void
  /** Called when the server has ended too often in a row. After that, the server is started once a minute. */
  onGivenUp(listener: (message: string) => void): void
  stop(): Promise<void>
}

/** Adds properties to a supervised server, and a step that runs after it has stopped. */
export const withFacts = <Facts extends object>(
  server: Supervised,
  facts: Facts,
  afterStop: () => void,
): Supervised & Facts => ({
  ...facts,
  get pid() {
    return server.pid
  },
  onDown: server.onDown,
  onUp: server.onUp,
  onGivenUp: server.onGivenUp,
  stop: async () => {
    await server.stop()
    afterStop()
  },
})

/** A server of DATABASE_URL or MONGODB_URI: Vigia neither watches nor stops it. */
export const externalServer: Supervised = {
  pid: null,
  onDown: () => {},
  onUp: () => {},
  onGivenUp: () => {},
  stop: async () => {},
}

/** A server that ran at least this long was healthy: if it then ends, its earlier failures are not counted any more. */
const healthyAfterMs = 2_000

/**
 * The pause between starts once a server has ended too often. The cause, for example a full disk, may be removed during
 * the pause.
 */
const givenUpPauseMs = 60_000

const checkLogEveryMs = 60_000

/**
 * The pause before the start after the `n`th failure in a row, counted from 1. null after too many failures. During the
 * first start, fewer failures are allowed.
 */
export const pauseAfter = (n: number, isFirstStart: boolean): number | null =>
  n >= (isFirstStart ? 5 : 8) ? null : Math.min(100 * 2 ** (n - 1), 5_000)

interface RunningProcess {
  pid: number
  startedAt: number
  /** Resolves with how the process ended: `signal SIGKILL`, `exit code 1`. */
  ended: Promise<string>
  /** The position in the log file at which the output of this process begins. */
  logFrom: number
}

/**
 * Starts a server, waits until it answers, and starts it again whenever it ends by itself. Throws if the first start
 * fails. It uses no library for retries, because a stop must interrupt every pause and end a process that is just
 * starting.
 */
export const supervise = async (
  server: Server,
  pauses: typeof pauseAfter = pauseAfter,
  pauseWhenGivenUpMs = givenUpPauseMs,
): Promise<Supervised> => {
  const downListeners: ((message: string) => void)[] = []
  const upListeners: (() => void)[] = []
  const givenUpListeners: ((message: string) => void)[] = []
  const stopping = new AbortController()
  const isStopping = () => stopping.signal.aborted
  const pause = (ms: number) => setTimeout(ms, undefined, { signal: stopping.signal }).catch(() => {})
  let running: RunningProcess | undefined
  let failures = 0

  const startOnce = async (): Promise<RunningProcess> => {
    const process = await spawn(server)
    running = process
    process.ended.then(() => {
      running = undefined
    })
    await untilServerAnswers(server, process, isStopping)
    return process
  }

  /**
   * Starts the server again and again until it answers; resolves with undefined if Vigia stops meanwhile. Throws the
   * last error after too many failures.
   */
  const startWithRetries = async (isFirstStart: boolean): Promise<RunningProcess | undefined> => {
    while (!isStopping()) {
      try {
        const process = await startOnce()
        if (!isStopping()) return process
        // `stop` was called before this process had a pid, so it could not end this process.
        await server.end(process.pid)
      } catch (error) {
        failures++
        const pauseMs = pauses(failures, isFirstStart)
        if (pauseMs === null) throw error
        await pause(pauseMs)
      }
    }
    return undefined
  }

  /** For a server that has ended too often: reports this once and then starts the server with long pauses. */
  const startWithLongPauses = async (cause: Error): Promise<RunningProcess | undefined> => {
    for (const listener of givenUpListeners) listener(cause.message)
    while (!isStopping()) {
      await pause(pauseWhenGivenUpMs)
      try {
        return await startWithRetries(false)
      } catch {
        // The failure has been reported already.
      }
    }
    return undefined
  }

  const watch = async (first: RunningProcess): Promise<void> => {
    for (let process: RunningProcess | undefined = first; process; ) {
      const ending = await process.ended
      if (isStopping()) return
      for (const listener of downListeners) listener(`${server.name} stopped (${ending}); Vigia starts it again`)
      if (performance.now() - process.startedAt >= healthyAfterMs) failures = 0
      else await pause(pauses(++failures, false) ?? 0)
      process = await startWithRetries(false).catch((error: Error) => startWithLongPauses(error))
      if (process) for (const listener of upListeners) listener()
    }
  }

  const first = await startWithRetries(true)
  const watching = first ? watch(first) : undefined
  const logTimer = setInterval(() => void limitLog(server.logFile), checkLogEveryMs)
  logTimer.unref()

  const stopOnce = async () => {
    stopping.abort()
    clearInterval(logTimer)
    if (running) await server.end(running.pid)
    await watching
  }
  let stopped: Promise<void> | undefined
  return {
    get pid() {
      return running?.pid ?? null
    },
    onDown: listener => downListeners.push(listener),
    onUp: listener => upListeners.push(listener),
    onGivenUp: listener => givenUpListeners.push(listener),
    stop: () => (stopped ??= stopOnce()),
  }
}

/**
 * Resolves when the server answers. Throws with the reason if the process ends or does not answer in time. A process
 * that does not answer in time is ended before the error is thrown.
 */
const untilServerAnswers = async (
  server: Server,
  { pid, ended, logFrom }: RunningProcess,
  isStopping: () => boolean,
): Promise<void> => {
  let ending: string | undefined
  ended.then(reason => {
    ending = reason
  })
  const deadline = performance.now() + server.startWithinMs
  for (let pauseMs = 5; !(await server.answers()); pauseMs = Math.min(pauseMs * 2, 100)) {
    const isLate = performance.now() > deadline
    if (isStopping() || isLate) await server.end(pid)
    if (isLate)
      throw new Error(
        `${server.name} did not answer within ${server.startWithinMs / 1000} s${await logExcerpt(server.logFile, logFrom)}`,
      )
    if (ending !== undefined)
      throw new Error(`${server.name} ended while it started (${ending})${await logExcerpt(server.logFile, logFrom)}`)
    await Promise.race([setTimeout(pauseMs), ended])
  }
}

const spawn = async (server: Server): Promise<RunningProcess> => {
  await server.prepare?.()
  const log = openLog(server.logFile)
  try {
    const logFrom = fstatSync(log).size
    const child = server.start(log)
    const ended = new Promise<string>(resolve => {
      child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
      child.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'EPERM' ? 'this process may not start programs as another user' : error.message),
      )
    })
    if (child.pid === undefined) throw new Error(`${server.name} cannot be started: ${await ended}`)
    await server.started?.(child.pid)
    return { pid: child.pid, startedAt: performance.now(), ended, logFrom }
  } finally {
    closeSync(log)
  }
}
