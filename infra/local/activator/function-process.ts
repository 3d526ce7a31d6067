import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'undici'
import { freePort } from '#infra/net/free-port.ts'
import type { FunctionLog } from './function-log.ts'

/** A child process that runs a function's bundle. */
export interface FunctionProcess {
  readonly pid: number
  /** The address of the process: `http://127.0.0.1:41234`. */
  readonly origin: string
  /** A pool of connections to the process, created at the first call. */
  client(): Pool
  /** Resolves when the process answers; rejects with StartFailed. */
  readonly ready: Promise<void>
  /** Resolves when the process has ended, with the way it ended: `exit code 1` or `signal SIGKILL`. */
  readonly exited: Promise<string>
  /** The last lines of the process's output, for the message about a crash. */
  lastLines(): string[]
  /** Sends SIGTERM to the process. If it still runs after `graceMs`, sends SIGKILL to its process group. */
  stop(graceMs: number): Promise<void>
}

/** The error of a process that ended before it was ready, or did not answer in time. */
export class StartFailed extends Error {
  override name = 'StartFailed'
}

export interface ProcessStart {
  command: readonly string[]
  env: NodeJS.ProcessEnv
  readinessPath: string | null
  startTimeoutMs: number
  log: FunctionLog
  /** Records the pid, so that the next start of Vigia can end the process if this runtime is killed. */
  remember(pid: number): void
  /** Deletes the record when the process has ended. */
  forget(pid: number): void
}

/** Spawns the process. The result's `ready` resolves when the process answers. */
export const startProcess = async (start: ProcessStart): Promise<FunctionProcess> => {
  const [port, { Pool }] = await Promise.all([unassignedPort(), import('undici')])
  const [file = '', ...args] = start.command
  // The child gets a process group of its own, so that Ctrl-C in the terminal reaches only the runtime, which then
  // stops the functions.
  const child = spawn(file, args, {
    env: { ...start.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const spawned = child.pid
  try {
    if (spawned !== undefined) start.remember(spawned)
  } catch (error) {
    // The record cannot be written, for example on a full disk. Without a record, the process would survive if the
    // runtime were killed.
    child.kill('SIGKILL')
    throw error
  }
  const pid = spawned ?? 0
  const lines = start.log.follow(child.stdout, child.stderr)
  const origin = `http://127.0.0.1:${port}`
  let client: Pool | undefined
  const exited = ended(child).then(ending => {
    start.forget(pid)
    assignedPorts.delete(port)
    void client?.destroy()
    return ending
  })
  const ready = untilReady(port, start, exited, lines.last)
  // A caller that stops the process during its start does not wait for `ready`. Its rejection must not be reported as
  // unhandled.
  ready.catch(() => {})
  return {
    pid,
    origin,
    // Idle connections are closed after 3 s. A function keeps them open for 120 s, so no request is sent on a
    // connection that the function is closing.
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
    // `close` and not `exit`, because at `close` all output of the process has been read.
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
  })

const stop = async (child: ChildProcess, exited: Promise<string>, graceMs: number) => {
  child.kill('SIGTERM')
  const timeout = new AbortController()
  const isGone = await Promise.race([
    exited.then(() => true),
    setTimeout(graceMs, false, { signal: timeout.signal }).catch(() => true),
  ])
  timeout.abort()
  if (isGone) return
  killGroup(child.pid!)
  await exited
}

/** Kills a process and the process group that it leads. */
export const killGroup = (pid: number): void => {
  for (const target of [-pid, pid])
    try {
      process.kill(target, 'SIGKILL')
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
}

/**
 * The time before the first attempt to connect. No Node.js process listens sooner, and each refused attempt costs CPU
 * time.
 */
const fastestStartMs = 30

const untilReady = async (port: number, start: ProcessStart, exited: Promise<string>, lastLines: () => string[]) => {
  let ending: string | undefined
  exited.then(text => {
    ending = text
  })
  const startedMs = performance.now()
  await Promise.race([setTimeout(fastestStartMs), exited])
  const output = () =>
    lastLines()
      .map(line => `\n  ${line}`)
      .join('')
  while (!(await answers(port, start.readinessPath))) {
    if (ending !== undefined) throw new StartFailed(`ended before it was ready (${ending})${output()}`)
    const age = performance.now() - startedMs
    if (age > start.startTimeoutMs)
      throw new StartFailed(`did not get ready within ${start.startTimeoutMs / 1000} s${output()}`)
    // Every cold start waits in this loop, so the first attempts are frequent. Later attempts are rare, to save CPU
    // time.
    await Promise.race([setTimeout(age < 200 ? 3 : age < 1000 ? 10 : 50), exited])
  }
}

/** Whether the port accepts connections and, if a path is given, answers a GET request for this path with 2xx. */
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

/** The ports of all function processes, including those that do not listen yet. */
const assignedPorts = new Set<number>()

/** A free port that is not assigned to another function process of this runtime. */
const unassignedPort = async (): Promise<number> => {
  const port = await freePort()
  if (assignedPorts.has(port)) return unassignedPort()
  assignedPorts.add(port)
  return port
}
