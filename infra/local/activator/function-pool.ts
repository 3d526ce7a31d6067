import type { FunctionManifest } from '../manifests/manifests.ts'
import { CrashBackoff } from './crash-backoff.ts'
import type { FunctionProcess } from './function-process.ts'
import { maxAcceptedRequests, maxWaitingRequests, processesWanted } from './process-count.ts'
import { drainReplica, newReplica, type Replica, type ReplicaEnd, runReplica } from './replica.ts'
import { isBelowTarget, replicaFor } from './replica-choice.ts'
import { RequestQueue } from './request-queue.ts'
import { type Slot, Unavailable } from './slot.ts'

export type FunctionState = 'zero' | 'starting' | 'ready' | 'draining' | 'crashed'

export interface FunctionReport {
  name: string
  state: FunctionState
  replicas: { pid: number; inFlight: number; startedAt: string }[]
  coldStarts: number
}

/** Writes a line about a function to the terminal. */
export type FunctionLogger = (level: 'info' | 'warn', text: string) => void

/**
 * The processes of one function. Requests start processes, up to a limit. A process that has had no request for
 * `idleMs` (`scaling-annotations.ts`) is ended.
 */
export class FunctionPool {
  readonly manifest: FunctionManifest
  readonly #start: () => Promise<FunctionProcess>
  readonly #log: FunctionLogger
  readonly #replicas = new Set<Replica>()
  readonly #queue = new RequestQueue()
  readonly #backoff = new CrashBackoff()
  #coldStarts = 0
  #inFlight = 0
  /** The reason why this pool accepts no more requests; undefined while it accepts them. */
  #refusal: Unavailable | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined

  /** `start` spawns one process of the function. */
  constructor(manifest: FunctionManifest, start: () => Promise<FunctionProcess>, log: FunctionLogger) {
    this.manifest = manifest
    this.#start = start
    this.#log = log
  }

  /** How many requests wait for a slot. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Returns a slot when a process has room; starts processes as needed. Throws Unavailable if the function cannot
   * accept the request.
   */
  slot(signal?: AbortSignal): Slot | Promise<Slot> {
    const { manifest } = this
    if (this.#refusal) throw this.#refusal
    const replica = this.waiting === 0 ? replicaFor(this.#replicas, manifest) : undefined
    if (replica && isBelowTarget(replica, manifest)) return this.#takeSlot(replica)
    const living = this.#countLiving()
    if (living === 0 && this.#backoff.remainingMs > 0) throw this.#crashed()
    if (
      this.#inFlight + this.waiting >= maxAcceptedRequests(living, manifest) ||
      this.waiting >= maxWaitingRequests(manifest)
    )
      throw new Unavailable(`${manifest.name} has ${this.waiting} requests waiting, which is its limit`, 1)
    if (replica) {
      const slot = this.#takeSlot(replica)
      this.scale()
      return slot
    }
    if (signal?.aborted) throw signal.reason
    const slot = this.#queue.wait(signal)
    this.scale()
    return slot
  }

  /**
   * Starts the processes that the requests and `min-scale` need. After a failure, no process is started before the end
   * of the pause.
   */
  scale(): void {
    if (this.#refusal) return
    const pauseMs = this.#backoff.remainingMs
    if (pauseMs > 0) {
      if (this.manifest.minScale > 0 || this.waiting > 0)
        this.#retryTimer ??= setTimeout(() => {
          this.#retryTimer = undefined
          this.scale()
        }, pauseMs)
      return
    }
    const living = this.#countLiving()
    const wanted = processesWanted(this.#inFlight + this.waiting, living, this.manifest)
    for (let count = living; count < wanted; count++) this.#launch()
  }

  report(): FunctionReport {
    const replicas = [...this.#replicas]
    const states = replicas.map(({ state }) => state)
    const state = (['ready', 'starting', 'draining'] as const).find(one => states.includes(one))
    return {
      name: this.manifest.name,
      state: state ?? (this.#backoff.isCrashed ? 'crashed' : 'zero'),
      replicas: replicas
        .filter(({ process }) => process)
        .map(({ process, inFlight, startedAt }) => ({
          pid: process!.pid,
          inFlight,
          startedAt: startedAt.toISOString(),
        })),
      coldStarts: this.#coldStarts,
    }
  }

  /** The addresses of the processes that accept requests: `127.0.0.1:41234`. */
  addresses(): string[] {
    return [...this.#replicas].flatMap(({ state, process }) =>
      state === 'ready' && process ? [new URL(process.origin).host] : [],
    )
  }

  /** Why no process of the function can be started; null if a process is ready, or if no start has failed recently. */
  fault(): string | null {
    const isRunning = [...this.#replicas].some(({ state }) => state === 'ready')
    return this.#backoff.cannotStart && !isRunning ? `${this.manifest.name} ${this.#backoff.reason}` : null
  }

  /**
   * Sends no more requests to the processes, lets them finish their requests, and ends them. Later requests start new
   * processes.
   */
  async drain(): Promise<void> {
    this.#backoff.reset()
    await this.#drainReplicas()
    if (this.manifest.minScale > 0) this.scale()
  }

  /**
   * Lets the processes finish their requests, ends them, and starts no more. Requests that wait for a slot are refused,
   * so that their callers try again.
   */
  async retire(): Promise<void> {
    this.#refuse(new Unavailable(`${this.manifest.name} was replaced or removed`, 1))
    await this.#drainReplicas()
  }

  /** Ends all processes, and starts no more. Requests that are still in flight after `graceMs` are cut off. */
  async close(graceMs: number): Promise<void> {
    this.#refuse(new Unavailable(`${this.manifest.name} is being stopped with the runtime`, 5))
    const replicas = [...this.#replicas]
    for (const replica of replicas) replica.state = 'draining'
    // After SIGTERM a process finishes its requests, and it gets no new requests.
    await Promise.all(
      replicas.map(async replica => {
        await replica.process?.stop(graceMs)
        await replica.gone
      }),
    )
  }

  /** Refuses the requests that wait and all later requests. Starts no more processes. */
  #refuse(refusal: Unavailable): void {
    this.#refusal = refusal
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#retryTimer)
    this.#queue.refuseAll(refusal)
  }

  async #drainReplicas(): Promise<void> {
    await Promise.all([...this.#replicas].map(replica => drainReplica(replica, this.manifest.timeoutMs)))
  }

  /** How many processes start or are ready. */
  #countLiving(): number {
    let count = 0
    for (const { state } of this.#replicas) if (state !== 'draining') count++
    return count
  }

  #takeSlot(replica: Replica): Slot {
    replica.inFlight++
    this.#inFlight++
    let released = false
    return {
      process: replica.process!,
      release: () => {
        if (released) return
        released = true
        replica.inFlight--
        this.#inFlight--
        if (replica.inFlight === 0) {
          replica.idleSince = performance.now()
          replica.onEmpty?.()
          this.#armIdleTimer()
        }
        this.#serveWaiting()
      },
    }
  }

  #serveWaiting(): void {
    while (this.waiting > 0) {
      const replica = replicaFor(this.#replicas, this.manifest)
      if (!replica) {
        this.scale()
        return
      }
      this.#queue.serve(this.#takeSlot(replica))
    }
  }

  #launch(): void {
    this.#coldStarts++
    const replica = newReplica()
    this.#replicas.add(replica)
    replica.gone = this.#run(replica)
  }

  async #run(replica: Replica): Promise<void> {
    const end = await runReplica(replica, this.#start, tookMs => this.#onReady(replica, tookMs)).finally(() =>
      this.#replicas.delete(replica),
    )
    this.#onEnd(end)
    if (replica.state !== 'draining' || this.waiting > 0) this.scale()
  }

  #onReady({ state, process }: Replica, tookMs: number): void {
    this.#backoff.started()
    if (state === 'draining') return
    this.#log('info', `${this.manifest.name} started in ${Math.round(tookMs)} ms (pid ${process!.pid})`)
    this.#armIdleTimer()
    this.#serveWaiting()
  }

  #onEnd(end: ReplicaEnd): void {
    if (end.kind === 'drained') {
      if (end.wasReady) this.#backoff.worked()
      return
    }
    const { message } = end
    const pauseMs =
      end.kind === 'crashed' ? this.#backoff.crashed(message, end.hasWorked) : this.#backoff.startFailed(message)
    const next = pauseMs > 0 ? `\n  next try in ${pauseMs / 1000} s` : ''
    this.#log('warn', `${this.manifest.name} ${message}${next}`)
    if (pauseMs > 0 && this.#countLiving() === 0) this.#queue.refuseAll(this.#crashed())
  }

  #crashed(): Unavailable {
    const retryAfterS = Math.max(1, Math.ceil(this.#backoff.remainingMs / 1000))
    return new Unavailable(`${this.manifest.name} ${this.#backoff.reason}`, retryAfterS)
  }

  /**
   * How many ready processes there are beyond `min-scale`. A process that is still starting cannot replace a ready one.
   */
  #countSpare(): number {
    let ready = 0
    for (const { state } of this.#replicas) if (state === 'ready') ready++
    return ready - this.manifest.minScale
  }

  #armIdleTimer(): void {
    if (this.#idleTimer || this.#refusal || this.#countSpare() <= 0) return
    let next = Number.POSITIVE_INFINITY
    for (const { state, inFlight, idleSince } of this.#replicas)
      if (state === 'ready' && inFlight === 0) next = Math.min(next, idleSince + this.manifest.idleMs)
    if (next === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(1, next - performance.now())
    this.#idleTimer = setTimeout(() => this.#drainIdle(), delayMs).unref()
  }

  /** Drains the spare processes that have been idle for long enough, the youngest first. */
  #drainIdle(): void {
    this.#idleTimer = undefined
    const now = performance.now()
    let spare = this.#countSpare()
    for (const replica of [...this.#replicas].reverse()) {
      if (spare <= 0) break
      if (replica.state !== 'ready' || replica.inFlight > 0 || replica.idleSince + this.manifest.idleMs > now) continue
      spare--
      void drainReplica(replica, this.manifest.timeoutMs)
    }
    this.#armIdleTimer()
  }
}
