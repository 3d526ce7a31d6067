import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'undici'
import { freePort } from '#infra/net/free-port.ts'
import type { FunctionLog } from './function-log.ts'

/** A child process that runs a function's bundle. */
export interface FunctionProcess {
  readonly pid: number
  /** `http://127.0.0.1:41234` */
  readonly origin: string
  /** Connections to it, made when first asked for. */
  client(): Pool
  /** Resolves when it answers; rejects with StartFailed. */
  readonly ready: Promise<void>
  /** Resolves with how it ended: `exit code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>
  /** Its last lines, for a message about a crash. */
  lastLines(): string[]
  /** SIGTERM, and SIGKILL to its whole group when it is still there after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** The process ended or stayed silent before it was ready. */
export class StartFailed extends Error {
  override name = 'StartFailed'
}

export interface Start {
  command: readonly string[]
  env: NodeJS.ProcessEnv
  readinessPath: string | null
  startTimeoutMs: number
  log: FunctionLog
  /** Called with the pid before anything else happens, and when it is gone: a record for the next start, should we be killed. */
  remember(pid: number): void
  forget(pid: number): void
}

/** Starts the process and returns at once; `ready` says when it answers. */
export const startProcess = async (start: Start): Promise<FunctionProcess> => {
  const [port, { Pool }] = await Promise.all([unclaimedPort(), import('undici')])
  const [file = '', ...args] = start.command
  // A group of its own: Ctrl-C in the terminal is for us, and we end the functions in order.
  const child = spawn(file, args, {
    env: { ...start.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const spawned = child.pid
  try {
    if (spawned !== undefined) start.remember(spawned)
  } catch (error) {
    // On a full disk. A process that is not on record would outlive us.
    child.kill('SIGKILL')
    throw error
  }
  const pid = spawned ?? 0
  const lines = start.log.follow(child.stdout, child.stderr)
  const origin = `http://127.0.0.1:${port}`
  let client: Pool | undefined
  const exited = ended(child).then(how => {
    start.forget(pid)
    claimed.delete(port)
    void client?.destroy()
    return how
  })
  const ready = untilReady(port, start, exited, lines.last)
  // Who ends it in the middle of its start does not wait for it to be ready.
  ready.catch(() => {})
  return {
    pid,
    origin,
    // A function closes an idle connection after 5 s; we are earlier, so that no request meets a closing one.
    client: () => (client ??= new Pool(origin, { connections: null, keepAliveTimeout: 3_000 })),
    exited,
    ready,
    lastLines: lines.last,
    stop: graceMs => stop(child, exited, graceMs),
  }
}

const ended = (child: ChildProcess) =>
  new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    // close, not exit: its last words have been read by then.
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
  })

const stop = async (child: ChildProcess, exited: Promise<string>, graceMs: number) => {
  child.kill('SIGTERM')
  const patience = new AbortController()
  const isGone = await Promise.race([
    exited.then(() => true),
    setTimeout(graceMs, false, { signal: patience.signal }).catch(() => true),
  ])
  patience.abort()
  if (isGone) return
  killGroup(child.pid!)
  await exited
}

/** Ends a process and everything it started. */
export const killGroup = (pid: number): void => {
  for (const target of [-pid, pid])
    try {
      process.kill(target, 'SIGKILL')
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
}

/** No Node process listens sooner, and every try that is refused costs us something. */
const fastestStartMs = 30

const untilReady = async (port: number, start: Start, exited: Promise<string>, lastLines: () => string[]) => {
  let how: string | undefined
  exited.then(words => {
    how = words
  })
  const began = performance.now()
  await Promise.race([setTimeout(fastestStartMs), exited])
  const said = () =>
    lastLines()
      .map(line => `\n  ${line}`)
      .join('')
  while (!(await answers(port, start.readinessPath))) {
    if (how !== undefined) throw new StartFailed(`ended before it was ready (${how})${said()}`)
    const age = performance.now() - began
    if (age > start.startTimeoutMs)
      throw new StartFailed(`did not get ready within ${start.startTimeoutMs / 1000} s${said()}`)
    // Every cold start waits for this, so the first tries come fast; a slow starter should not pay for being asked.
    await Promise.race([setTimeout(age < 200 ? 3 : age < 1000 ? 10 : 50), exited])
  }
}

/** Whether the port takes connections and, where a path is given, answers a GET with 2xx. */
const answers = (port: number, path: string | null) =>
  new Promise<boolean>(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => end(false))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
    if (path === null) socket.once('connect', () => end(true))
    else {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
      socket.once('data', data => end(/^HTTP\/1\.1 2/.test(data.toString('latin1'))))
    }
  })

const claimed = new Set<number>()

/** A free port that no other function process of this runtime has been given. */
const unclaimedPort = async (): Promise<number> => {
  const port = await freePort()
  if (claimed.has(port)) return unclaimedPort()
  claimed.add(port)
  return port
}
