import { setTimeout as pause } from 'node:timers/promises'
import type { StoredPing } from '#database/uptime/heartbeats.ts'
import { asError } from '#functions/host/errors.ts'
import { withTimeout } from '#functions/host/timeout.ts'
import type { ChangedHeartbeat } from './changes.ts'
import type { Gap, Ping } from './heartbeat-state.ts'
import type { PingTarget } from './ping-request.ts'

/** A ping on its way to PostgreSQL. */
export interface ReceivedPing extends Ping {
  target: PingTarget
  log: StoredPing['log']
  /** Whether a heartbeat that does not exist has to be created. */
  create: boolean
}

/** What became of a ping. */
export type PingOutcome =
  /** The ping is committed. `change`: it gave the heartbeat another state. */
  | { done: 'stored'; isNew: boolean; change: ChangedHeartbeat | null }
  | { done: 'not found' }
  /** The chat has as many monitors as it may have. */
  | { done: 'full' }
  /** The ping could not be stored in time. `isFirst`: no other ping was refused in this second. */
  | { done: 'refused'; isFirst: boolean }

/** The outcomes of a batch in the order of its pings; null for a ping that has to be in a later batch. */
export type StoreBatch = (pings: readonly ReceivedPing[]) => Promise<(PingOutcome | null)[]>

export interface PingWriterOptions {
  store: StoreBatch
  /** Whether the same batch may succeed in a moment, because PostgreSQL is unavailable. */
  isTransient(error: unknown): boolean
  now(): Date
  /** Called when pings can be stored again after some were refused: stores this fact. */
  recovered(gap: Gap): Promise<void>
  limits?: Partial<PingLimits>
}

export interface PingLimits {
  /** The pings of one transaction. */
  batch: number
  /** The pings, and the bytes of their logs, that wait in memory. Further pings are refused. */
  waiting: number
  waitingBytes: number
  /**
   * The longest time that a ping waits for PostgreSQL. It is below the time limit of `curl -m 10`, which the
   * instructions of Healthchecks use.
   */
  waitMs: number
  /** The pause before a batch is tried again. */
  retryMs: number
}

const defaultLimits: PingLimits = {
  batch: 500,
  waiting: 1_500,
  waitingBytes: 32 * 1024 * 1024,
  waitMs: 5_000,
  retryMs: 200,
}

/**
 * The longest time between the arrival of a ping and its commit, with a reserve. A deadline is judged this long after
 * it has passed, so that a ping which came in time is never overlooked.
 */
export const longestCommitMs = 10_000

const expireEveryMs = 100

const refusedFirst: PingOutcome = { done: 'refused', isFirst: true }
const refusedToo: PingOutcome = { done: 'refused', isFirst: false }

export interface PingWriter {
  /**
   * Resolves when the ping is committed, when it is certain that it has no heartbeat, or when it could not be stored in
   * time. If too many pings wait, it is refused at once.
   */
  write(ping: ReceivedPing): Promise<PingOutcome>
  /** Stores the time in which pings were refused, if there was one. Rejects if it cannot be stored. */
  settle(): Promise<void>
  /** Waits for the pings that are being stored, and stores the time in which pings were refused. */
  close(): Promise<void>
}

interface Waiting {
  ping: ReceivedPing
  /** performance.now() when the ping came. */
  since: number
  isSettled: boolean
  resolve(outcome: PingOutcome): void
  reject(error: Error): void
}

/**
 * Stores pings in batches, one transaction at a time: the pings that arrive during a transaction share the next one. So
 * the number of transactions does not grow with the number of pings. A ping is answered only after its commit.
 */
export const pingWriter = (options: PingWriterOptions): PingWriter => {
  const { store, isTransient, now, recovered } = options
  const limits = { ...defaultLimits, ...options.limits }
  let waiting: Waiting[] = []
  /** All pings without an answer, the oldest first. They share a timer, because a timer for each costs CPU time. */
  const unsettled = new Set<Waiting>()
  let expiring: NodeJS.Timeout | undefined
  let waitingBytes = 0
  let running: Promise<void> | undefined
  /** The time in which pings were refused and that is not stored yet. */
  let refused: Gap | null = null
  let settling: NodeJS.Timeout | undefined
  /** The second of the last refusal that the log tells. */
  let toldSecond = 0

  const bytesOf = ({ log }: ReceivedPing) => log?.length ?? 0

  const settle = async () => {
    if (refused === null) return
    const gap = refused
    await recovered(gap)
    // Pings that were refused in the meantime begin a new gap.
    if (refused === gap) refused = null
  }

  /** Refuses a ping. Its job may never send it again, so the time is recorded. */
  const refuse = (ping: ReceivedPing): PingOutcome => {
    const to = now()
    refused = { from: refused === null || ping.at < refused.from ? ping.at : refused.from, to }
    const second = Math.floor(to.getTime() / 1_000)
    const isFirst = second !== toldSecond
    toldSecond = second
    settling ??= setInterval(
      () =>
        settle().then(
          () => {
            if (refused !== null) return
            clearInterval(settling)
            settling = undefined
          },
          () => {},
        ),
      1_000,
    ).unref()
    return isFirst ? refusedFirst : refusedToo
  }

  const settleOne = (one: Waiting, act: () => void) => {
    if (one.isSettled) return
    one.isSettled = true
    unsettled.delete(one)
    act()
  }

  /** Refuses the pings that have waited for too long. */
  const expire = () => {
    const latest = performance.now() - limits.waitMs
    for (const one of unsettled) {
      if (one.since > latest) break
      settleOne(one, () => one.resolve(refuse(one.ping)))
    }
    if (unsettled.size > 0) return
    clearInterval(expiring)
    expiring = undefined
  }

  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, limits.batch).filter(({ isSettled }) => !isSettled)
      for (const { ping } of batch) waitingBytes -= bytesOf(ping)
      if (batch.length > 0) await storeBatch(batch)
    }
    running = undefined
  }

  const putBack = (batch: Waiting[]) => {
    for (const { ping } of batch) waitingBytes += bytesOf(ping)
    waiting = [...batch, ...waiting]
  }

  const storeBatch = async (batch: Waiting[]): Promise<void> => {
    try {
      // A timeout is transient, because it has no SQLSTATE.
      const outcomes = await withTimeout(limits.waitMs, 'storing the pings', store(batch.map(({ ping }) => ping)))
      const later: Waiting[] = []
      for (const [index, one] of batch.entries()) {
        const outcome = outcomes[index]!
        if (outcome === null) later.push(one)
        else settleOne(one, () => one.resolve(outcome))
      }
      putBack(later)
    } catch (error) {
      if (isTransient(error)) {
        await pause(limits.retryMs)
        putBack(batch.filter(({ isSettled }) => !isSettled))
      } else if (batch.length > 1) {
        // One of the pings is at fault. Alone, it cannot prevent the others from being stored.
        for (const one of batch) await storeBatch([one])
      } else settleOne(batch[0]!, () => batch[0]!.reject(asError(error)))
    }
  }

  return {
    write: ping =>
      new Promise((resolve, reject) => {
        if (waiting.length >= limits.waiting || waitingBytes >= limits.waitingBytes) return resolve(refuse(ping))
        const one: Waiting = { ping, since: performance.now(), isSettled: false, resolve, reject }
        waiting.push(one)
        unsettled.add(one)
        waitingBytes += bytesOf(ping)
        expiring ??= setInterval(expire, expireEveryMs)
        running ??= Promise.resolve().then(run)
      }),
    settle,
    close: async () => {
      clearInterval(settling)
      await running
      await settle().catch(() => {})
    },
  }
}
