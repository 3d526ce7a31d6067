import type { ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync, renameSync, statSync } from 'node:fs'
import { copyFile, open, stat, truncate } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** A server program that should run as long as we do. */
export interface Server {
  /** As people call it: PostgreSQL. */
  name: string
  /** Gets everything the server says. A file and not a pipe: a server whose pipe nobody reads stops answering. */
  logFile: string
  /** Called before each start: clears away what a crash left. */
  prepare?(): Promise<void>
  /** Starts the process with `log` as its output. */
  start(log: number): ChildProcess
  /** Called after each start. */
  started?(pid: number): Promise<void>
  /** Whether a question was answered: only that means ready. */
  answers(): Promise<boolean>
  /** How long a start may take, recovery included. */
  startWithinMs: number
  /** Ends a process that `start` gave, and resolves when it is gone. */
  end(pid: number): Promise<void>
}

/** A server that is up. */
export interface Supervised {
  /** null while it is down. */
  readonly pid: number | null
  /** It ended by itself and is being started again. */
  onDown(listener: (words: string) => void): void
  /** It answers again. */
  onUp(listener: () => void): void
  /** It ended too often in a row; the words say why, as far as its log tells. From now on it is tried once a minute. */
  onGivenUp(listener: (words: string) => void): void
  stop(): Promise<void>
}

/** `running` with more to say about it, and something to do once it has stopped. */
export const describe = <Facts extends object>(
  running: Supervised,
  facts: Facts,
  afterStop: () => void,
): Supervised & Facts => ({
  ...facts,
  get pid() {
    return running.pid
  },
  onDown: running.onDown,
  onUp: running.onUp,
  onGivenUp: running.onGivenUp,
  stop: async () => {
    await running.stop()
    afterStop()
  },
})

/** A server that somebody else runs: nothing of it is ours to watch or to stop. */
export const notOurs: Supervised = {
  pid: null,
  onDown: () => {},
  onUp: () => {},
  onGivenUp: () => {},
  stop: async () => {},
}

/** A server that ran this long was well: what ends it afterwards counts as a new fault. */
const steadyMs = 2_000

/** The pause once a server has ended too often: what stops it (a full disk) may be mended meanwhile. */
const longPauseMs = 60_000

/** The pause before the start after the `n`th failure in a row (the first is 1); null is "give up". The first start gives up sooner. */
export const pauseAfter = (n: number, first: boolean): number | null =>
  n >= (first ? 5 : 8) ? null : Math.min(100 * 2 ** (n - 1), 5_000)

interface Life {
  pid: number
  bornAt: number
  /** Resolves with how it ended: `signal SIGKILL`, `exit code 1`. */
  over: Promise<string>
  /** Where its log begins in the file. */
  logFrom: number
}

/** Starts `server`, waits until it answers, and starts it again whenever it ends by itself. Throws when the first start fails. */
export const supervise = async (
  server: Server,
  pauses: typeof pauseAfter = pauseAfter,
  givenUpPauseMs = longPauseMs,
): Promise<Supervised> => {
  const down: ((words: string) => void)[] = []
  const up: (() => void)[] = []
  const givenUp: ((words: string) => void)[] = []
  const stopping = new AbortController()
  const stopped = () => stopping.signal.aborted
  let life: Life | undefined
  let failures = 0

  /** One try; throws with the reason. */
  const start = async (): Promise<Life> => {
    const born = await spawn(server)
    life = born
    let ended: string | undefined
    born.over.then(how => {
      ended = how
      life = undefined
    })
    const deadline = performance.now() + server.startWithinMs
    for (let pause = 5; !(await server.answers()); pause = Math.min(pause * 2, 100)) {
      if (stopped() || performance.now() > deadline) await server.end(born.pid)
      if (performance.now() > deadline)
        throw new Error(
          `${server.name} did not answer within ${server.startWithinMs / 1000} s${await said(server, born)}`,
        )
      if (ended !== undefined)
        throw new Error(`${server.name} ended while it started (${ended})${await said(server, born)}`)
      await Promise.race([setTimeout(pause), born.over])
    }
    return born
  }

  /** Tries until it answers; undefined when stopped meanwhile. Throws the last reason when it gives up. */
  const bringUp = async (first: boolean): Promise<Life | undefined> => {
    while (!stopped()) {
      try {
        const born = await start()
        if (!stopped()) return born
        // The stop came before this process had a pid to end.
        await server.end(born.pid)
      } catch (error) {
        failures++
        const pauseMs = pauses(failures, first)
        if (pauseMs === null) throw error
        await pause(pauseMs)
      }
    }
    return undefined
  }

  const pause = (ms: number) => setTimeout(ms, undefined, { signal: stopping.signal }).catch(() => {})

  /** It has ended too often: says so once, and goes on trying with long pauses. */
  const bringUpAtLast = async (why: Error): Promise<Life | undefined> => {
    for (const tell of givenUp) tell(why.message)
    while (!stopped()) {
      await pause(givenUpPauseMs)
      try {
        return await bringUp(false)
      } catch {
        // Told already.
      }
    }
    return undefined
  }

  const watch = async (begun: Life): Promise<void> => {
    for (let current: Life | undefined = begun; current; ) {
      const how = await current.over
      if (stopped()) return
      const words = `${server.name} stopped (${how}); starting it again`
      for (const tell of down) tell(words)
      if (performance.now() - current.bornAt >= steadyMs) failures = 0
      else await pause(pauses(++failures, false) ?? 0)
      current = await bringUp(false).catch((error: Error) => bringUpAtLast(error))
      if (!current) return
      for (const tell of up) tell()
    }
  }

  const begun = await bringUp(true)
  const watching = begun ? watch(begun) : undefined
  const limiter = setInterval(() => void limitLog(server.logFile), lookAtLogMs)
  limiter.unref()
  let stop: Promise<void> | undefined

  return {
    get pid() {
      return life?.pid ?? null
    },
    onDown: listener => down.push(listener),
    onUp: listener => up.push(listener),
    onGivenUp: listener => givenUp.push(listener),
    stop: () => {
      stop ??= (async () => {
        stopping.abort()
        clearInterval(limiter)
        if (life) await server.end(life.pid)
        await watching
      })()
      return stop
    },
  }
}

const spawn = async (server: Server): Promise<Life> => {
  await server.prepare?.()
  const log = openLog(server.logFile)
  try {
    const logFrom = fstatSync(log).size
    const child = server.start(log)
    const over = new Promise<string>(resolve => {
      child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
      child.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'EPERM' ? 'this process may not start programs as another user' : error.message),
      )
    })
    if (child.pid === undefined) throw new Error(`${server.name} cannot be started: ${await over}`)
    await server.started?.(child.pid)
    return { pid: child.pid, bornAt: performance.now(), over, logFrom }
  } finally {
    closeSync(log)
  }
}

const mostLogBytes = 5_000_000
const lookAtLogMs = 60_000

/** Keeps one log before the current one, so that years of running do not fill the disk. */
const openLog = (file: string): number => {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > mostLogBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

/** The same for a log that a process has open: it appends, so what is cut off here goes on at the beginning. Never rejects. */
export const limitLog = async (file: string, mostBytes = mostLogBytes): Promise<void> => {
  try {
    if ((await stat(file)).size <= mostBytes) return
    await copyFile(file, `${file}.1`)
    await truncate(file)
  } catch {
    // It is gone, or the disk is full: the next look tries again.
  }
}

/** The line of the server's log that tells most, and where the rest is. */
const said = async (server: Server, { logFrom }: Life): Promise<string> => {
  const file = await open(server.logFile)
  try {
    const { size } = await file.stat()
    // Smaller than where we began: it was cut off meanwhile.
    const from = Math.max(size < logFrom ? 0 : logFrom, size - 16_384)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(size - from, 1)), 0, size - from, from)
    const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n')
    const line = lines.findLast(text => /\b(FATAL|PANIC|ERROR|error):/.test(text)) ?? lines.at(-1)
    const words = line?.replace(/^.*?\b(FATAL|PANIC|ERROR): +/, '') ?? ''
    return `${words && `: ${words}`}; its log is ${server.logFile}`
  } finally {
    await file.close()
  }
}
