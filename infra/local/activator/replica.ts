import type { FunctionProcess } from './function-process.ts'

/** One process of a function, from the moment its start is decided until it has ended. */
export interface Replica {
  /** The process; undefined until it has been spawned. */
  process: FunctionProcess | undefined
  state: 'starting' | 'ready' | 'draining'
  /** Requests that the process handles now. */
  inFlight: number
  /** The time, by `performance.now()`, when the process became ready; infinite before. */
  readyAt: number
  startedAt: Date
  /** The time, by `performance.now()`, at which the process became idle. */
  idleSince: number
  /** Called when the last request of a draining replica is done. */
  onEmpty: (() => void) | undefined
  /** Resolves when the process has ended and the pool has recorded its end. */
  gone: Promise<void>
}

/** How a replica ended. */
export type ReplicaEnd =
  | { kind: 'drained'; wasReady: boolean }
  | { kind: 'start-failed'; message: string }
  /** `hasWorked`: the process was ready for some seconds, so the next process may be started at once. */
  | { kind: 'crashed'; message: string; hasWorked: boolean }

/** A process that ends by itself within this time after it became ready counts as one more failure in a row. */
const hasWorkedMs = 5_000

/** How many times a process is started if another program takes the chosen port before the process listens on it. */
const maxStartAttempts = 3

export const newReplica = (): Replica => ({
  process: undefined,
  state: 'starting',
  inFlight: 0,
  readyAt: Number.POSITIVE_INFINITY,
  startedAt: new Date(),
  idleSince: performance.now(),
  onEmpty: undefined,
  gone: Promise.resolve(),
})

/**
 * Starts the process of a replica and resolves when it has ended. `onReady` gets the milliseconds that the start took.
 */
export const runReplica = async (
  replica: Replica,
  start: () => Promise<FunctionProcess>,
  onReady: (tookMs: number) => void,
  attempt = 1,
): Promise<ReplicaEnd> => {
  const startedMs = performance.now()
  try {
    replica.process = await start()
    if (isDraining(replica)) await replica.process.stop(0)
    await replica.process.ready
  } catch (error) {
    const { message } = error as Error
    await replica.process?.stop(0)
    if (isDraining(replica)) return { kind: 'drained', wasReady: false }
    if (/EADDRINUSE/.test(message) && attempt < maxStartAttempts)
      return runReplica(replica, start, onReady, attempt + 1)
    return { kind: 'start-failed', message }
  }
  if (!isDraining(replica)) {
    replica.state = 'ready'
    replica.readyAt = replica.idleSince = performance.now()
  }
  onReady(performance.now() - startedMs)
  const ending = await replica.process.exited
  if (isDraining(replica)) return { kind: 'drained', wasReady: replica.readyAt < Number.POSITIVE_INFINITY }
  const lines = replica.process.lastLines().map(line => `\n  ${line}`)
  return {
    kind: 'crashed',
    message: `ended by itself (${ending})${lines.join('')}`,
    hasWorked: performance.now() - replica.readyAt >= hasWorkedMs,
  }
}

// This check is a function, because TypeScript would otherwise assume that the state is the same after an `await`.
const isDraining = (replica: Replica) => replica.state === 'draining'

/**
 * Waits until the replica has finished its requests, and then ends its process. Each of the two steps may take
 * `timeoutMs`.
 */
export const drainReplica = async (replica: Replica, timeoutMs: number): Promise<void> => {
  replica.state = 'draining'
  if (replica.inFlight > 0) {
    const { promise, resolve } = Promise.withResolvers<void>()
    replica.onEmpty = resolve
    const timer = setTimeout(resolve, timeoutMs)
    await promise
    clearTimeout(timer)
  }
  await replica.process?.stop(timeoutMs)
  await replica.gone
}
