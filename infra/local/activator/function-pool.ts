import type { FunctionManifest } from '../manifests/manifests.ts'
import type { FunctionProcess } from './function-process.ts'
import { backoffMs, processesWanted, requestsTaken, waitingTaken } from './scale.ts'

export type FunctionState = 'zero' | 'starting' | 'ready' | 'draining' | 'crashed'

export interface FunctionReport {
  name: string
  state: FunctionState
  replicas: { pid: number; inFlight: number; startedAt: string }[]
  coldStarts: number
}

/** The function cannot take a request now: 503, and when to come again. */
export class Unavailable extends Error {
  override name = 'Unavailable'
  readonly status = 503
  readonly retryAfterS: number
  constructor(message: string, retryAfterS: number) {
    super(message)
    this.retryAfterS = retryAfterS
  }
}

/** A place in a process for one request. */
export interface Slot {
  process: FunctionProcess
  /** Must be called once, when the answer is there or nobody waits for it any more. */
  release(): void
}

export interface FunctionPool {
  readonly manifest: FunctionManifest
  /** A place, as soon as there is one; starts processes as needed. Throws Unavailable. */
  slot(signal?: AbortSignal): Slot | Promise<Slot>
  report(): FunctionReport
  /** Why no process of it can be started, in words; null where one runs, or nothing has tried for a while. */
  fault(): string | null
  /** Requests that wait for a place. */
  readonly waiting: number
  /** Brings up `min-scale` processes. */
  warm(): void
  /** Stops routing to all processes, lets them finish, and ends them. Later requests start new ones. */
  drain(): Promise<void>
  /** Ends everything for good; what is still in flight after `graceMs` is cut. */
  close(graceMs: number): Promise<void>
}

interface Replica {
  process: FunctionProcess | undefined
  state: 'starting' | 'ready' | 'draining'
  inFlight: number
  readyAt: number
  startedAt: Date
  idleSince: number
  /** Called when the last request of a draining replica is done. */
  emptied: (() => void) | undefined
  gone: Promise<void>
}

interface Waiter {
  resolve(slot: Slot): void
  reject(error: unknown): void
}

/** A process that ends sooner after it was ready is one more failure in a row. */
const HAS_WORKED_MS = 5_000
/** A start that failed says no more about now, once the pause after it is over and nothing has tried for this long. */
const faultMs = 60_000

/** One word of news for the terminal. */
export type Say = (level: 'info' | 'warn', words: string) => void

/** The processes of one function: started by requests, bounded, ended when idle. */
export const functionPool = (
  manifest: FunctionManifest,
  start: () => Promise<FunctionProcess>,
  say: Say,
): FunctionPool => {
  const replicas = new Set<Replica>()
  const waiting: Waiter[] = []
  let coldStarts = 0
  let inFlight = 0
  let failures = 0
  /** The last process ended by itself before it had worked. */
  let isBroken = false
  /** performance.now() before which nothing is started after a crash. */
  let notBefore = 0
  let lastWords = ''
  let cannotStart = false
  let closed = false
  let idleTimer: NodeJS.Timeout | undefined
  let retryTimer: NodeJS.Timeout | undefined

  const { name, containerConcurrency } = manifest
  const limit = containerConcurrency || Number.POSITIVE_INFINITY
  const living = () => {
    let count = 0
    for (const { state } of replicas) if (state !== 'draining') count++
    return count
  }

  /** The oldest process with room: the younger ones get idle and go. */
  const roomy = () => {
    let least: Replica | undefined
    for (const replica of replicas) {
      if (replica.state !== 'ready' || replica.inFlight >= limit) continue
      if (containerConcurrency > 0 || replica.inFlight < manifest.softConcurrency) return replica
      if (!least || replica.inFlight < least.inFlight) least = replica
    }
    return least
  }

  const take = (replica: Replica): Slot => {
    replica.inFlight++
    inFlight++
    let released = false
    return {
      process: replica.process!,
      release: () => {
        if (released) return
        released = true
        replica.inFlight--
        inFlight--
        if (replica.inFlight === 0) {
          replica.idleSince = performance.now()
          replica.emptied?.()
          armIdle()
        }
        serveWaiting()
      },
    }
  }

  const serveWaiting = () => {
    while (waiting.length > 0) {
      const replica = roomy()
      if (!replica) return scale()
      waiting.shift()!.resolve(take(replica))
    }
  }

  const refuseWaiting = (error: Unavailable) => {
    for (const waiter of waiting.splice(0)) waiter.reject(error)
  }

  const scale = () => {
    if (closed) return
    const pause = notBefore - performance.now()
    if (pause > 0) {
      if (manifest.minScale > 0 || waiting.length > 0) retryTimer ??= setTimeout(retry, pause)
      return
    }
    const have = living()
    const wanted = processesWanted(inFlight + waiting.length, have, manifest)
    for (let count = have; count < wanted; count++) launch()
  }

  const retry = () => {
    retryTimer = undefined
    scale()
  }

  const launch = () => {
    coldStarts++
    const replica: Replica = {
      process: undefined,
      state: 'starting',
      inFlight: 0,
      readyAt: Number.POSITIVE_INFINITY,
      startedAt: new Date(),
      idleSince: performance.now(),
      emptied: undefined,
      gone: Promise.resolve(),
    }
    replicas.add(replica)
    replica.gone = live(replica).finally(() => {
      replicas.delete(replica)
      if (replica.state !== 'draining' || waiting.length > 0) scale()
    })
  }

  /** From the start of a process to its end. */
  const live = async (replica: Replica, attempt = 1): Promise<void> => {
    const began = performance.now()
    try {
      replica.process = await start()
      if (isLeaving(replica)) await replica.process.stop(0)
      await replica.process.ready
    } catch (error) {
      await replica.process?.stop(0)
      if (isLeaving(replica)) return
      // Somebody else took the port between our look and the process's.
      if (/EADDRINUSE/.test((error as Error).message) && attempt < 3) return live(replica, attempt + 1)
      replicas.delete(replica)
      cannotStart = true
      failed((error as Error).message)
      return
    }
    cannotStart = false
    if (!isLeaving(replica)) {
      replica.state = 'ready'
      replica.readyAt = replica.idleSince = performance.now()
      say('info', `${name} started in ${Math.round(performance.now() - began)} ms (pid ${replica.process.pid})`)
      armIdle()
      serveWaiting()
    }
    const how = await replica.process.exited
    if (isLeaving(replica)) {
      // What was asked to end had worked until then.
      if (replica.readyAt < Number.POSITIVE_INFINITY) {
        failures = 0
        isBroken = false
      }
      return
    }
    const lines = replica.process.lastLines().map(line => `\n  ${line}`)
    replicas.delete(replica)
    const hasWorked = performance.now() - replica.readyAt >= HAS_WORKED_MS
    if (hasWorked) failures = 0
    failed(`ended by itself (${how})${lines.join('')}`, hasWorked)
  }

  // A function of its own, so that the compiler does not take the state it has seen before an await for the state after it.
  const isLeaving = (replica: Replica) => replica.state === 'draining'

  const failed = (words: string, hasWorked = false) => {
    failures++
    isBroken = !hasWorked
    lastWords = words
    // A process that has worked for a while may have met one bad request: the next one may start a new process at once.
    const pauseMs = hasWorked ? 0 : backoffMs(failures)
    notBefore = performance.now() + pauseMs
    say('warn', `${name} ${words}${pauseMs > 0 ? `\n  next try in ${pauseMs / 1000} s` : ''}`)
    if (pauseMs > 0 && living() === 0) refuseWaiting(crashed())
  }

  const whyCrashed = () => `${name} ${lastWords.split('\n')[0]}`

  const crashed = () => new Unavailable(whyCrashed(), Math.max(1, Math.ceil((notBefore - performance.now()) / 1000)))

  /** Ready processes beyond min-scale. One that only starts is no replacement yet. */
  const spareProcesses = () => {
    let ready = 0
    for (const { state } of replicas) if (state === 'ready') ready++
    return ready - manifest.minScale
  }

  const armIdle = () => {
    if (idleTimer || closed || spareProcesses() <= 0) return
    let next = Number.POSITIVE_INFINITY
    for (const { state, inFlight: busy, idleSince } of replicas)
      if (state === 'ready' && busy === 0) next = Math.min(next, idleSince + manifest.idleMs)
    if (next === Number.POSITIVE_INFINITY) return
    idleTimer = setTimeout(sweep, Math.max(1, next - performance.now())).unref()
  }

  const sweep = () => {
    idleTimer = undefined
    const now = performance.now()
    let spare = spareProcesses()
    for (const replica of [...replicas].reverse()) {
      if (spare <= 0) break
      if (replica.state !== 'ready' || replica.inFlight > 0 || replica.idleSince + manifest.idleMs > now) continue
      spare--
      void end(replica, manifest.timeoutMs)
    }
    armIdle()
  }

  /** No new requests, what is in flight finishes, then SIGTERM; `timeoutMs` for either. */
  const end = async (replica: Replica, timeoutMs: number) => {
    replica.state = 'draining'
    if (replica.inFlight > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      replica.emptied = resolve
      const timer = setTimeout(resolve, timeoutMs)
      await promise
      clearTimeout(timer)
    }
    await replica.process?.stop(timeoutMs)
    await replica.gone
  }

  return {
    manifest,
    get waiting() {
      return waiting.length
    },
    slot: signal => {
      if (closed) throw new Unavailable(`${name} is being stopped with the runtime`, 5)
      const replica = waiting.length === 0 ? roomy() : undefined
      if (replica && (containerConcurrency > 0 || replica.inFlight < manifest.softConcurrency)) return take(replica)
      const have = living()
      if (have === 0 && performance.now() < notBefore) throw crashed()
      if (inFlight + waiting.length >= requestsTaken(have, manifest) || waiting.length >= waitingTaken(manifest))
        throw new Unavailable(`${name} has ${waiting.length} requests waiting, which is its limit`, 1)
      if (replica) {
        const slot = take(replica)
        scale()
        return slot
      }
      if (signal?.aborted) throw signal.reason
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting.splice(waiting.indexOf(waiter), 1)
          reject(signal!.reason)
        }
        const waiter: Waiter = {
          resolve: slot => {
            signal?.removeEventListener('abort', onAbort)
            resolve(slot)
          },
          reject: error => {
            signal?.removeEventListener('abort', onAbort)
            reject(error)
          },
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        waiting.push(waiter)
        scale()
      })
    },
    report: () => {
      const states = [...replicas].map(({ state }) => state)
      const state = (['ready', 'starting', 'draining'] as const).find(one => states.includes(one))
      return {
        name,
        state: state ?? (isBroken ? 'crashed' : 'zero'),
        replicas: [...replicas]
          .filter(({ process }) => process)
          .map(({ process, inFlight: busy, startedAt }) => ({
            pid: process!.pid,
            inFlight: busy,
            startedAt: startedAt.toISOString(),
          })),
        coldStarts,
      }
    },
    fault: () => {
      const isRunning = [...replicas].some(({ state }) => state === 'ready')
      return cannotStart && !isRunning && performance.now() < notBefore + faultMs ? whyCrashed() : null
    },
    warm: scale,
    drain: async () => {
      failures = 0
      isBroken = false
      cannotStart = false
      notBefore = 0
      await Promise.all([...replicas].map(replica => end(replica, manifest.timeoutMs)))
      if (manifest.minScale > 0) scale()
    },
    close: async graceMs => {
      closed = true
      clearTimeout(idleTimer)
      clearTimeout(retryTimer)
      refuseWaiting(new Unavailable(`${name} is being stopped with the runtime`, 5))
      const all = [...replicas]
      for (const replica of all) replica.state = 'draining'
      // The process itself finishes what it has in flight after SIGTERM, and we route nothing to it any more.
      await Promise.all(
        all.map(async replica => {
          await replica.process?.stop(graceMs)
          await replica.gone
        }),
      )
    },
  }
}
