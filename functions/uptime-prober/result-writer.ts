import type { Postgres } from '#database/connect.ts'
import { isTransient } from '#database/unavailable.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { isMissingPartition } from '#database/uptime/result-partitions.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError, Conflict, RetryLater } from '#functions/host/errors.ts'
import type { CheckOutcome } from './check-runner.ts'
import type { Sleep } from './sleep.ts'
import { type PendingResult, writeBatch } from './write-batch.ts'

export interface ResultWriter {
  /**
   * Stores the outcome of a check, with its verdict, and resolves with the events to publish. Results that arrive
   * within the batch delay are written together; `flush` ends the delay at once. Rejects with RetryLater when
   * PostgreSQL stays unavailable for too long.
   */
  write(outcome: CheckOutcome, cause: Cause, flush: boolean): Promise<VigiaEvent[]>
  /** Ends the delay of the current batch. */
  flushNow(): void
}

export interface ResultWriterOptions {
  db: Postgres
  clock: Clock
  sleep: Sleep
  /** How long a result waits for other results, in milliseconds. */
  batchDelayMs?: number
  /** How long a result waits while PostgreSQL is unavailable, in milliseconds. */
  unavailableTimeoutMs?: number
}

interface QueuedResult extends PendingResult {
  queuedAt: number
  conflicts: number
  resolve(events: VigiaEvent[]): void
  reject(error: Error): void
}

const retryPauseMs = 1_000
const maxBatchSize = 500
const maxConflicts = 8

/** Collects results into batches and writes one batch at a time. */
export const resultWriter = ({
  db,
  clock,
  sleep,
  batchDelayMs = 3_000,
  unavailableTimeoutMs = 60_000,
}: ResultWriterOptions): ResultWriter => {
  const queue = new Set<QueuedResult>()
  let isWriting = false
  let flushRequested = false
  let batchDelay = new AbortController()

  const flushNow = () => {
    flushRequested = true
    batchDelay.abort()
  }

  const writeAll = async () => {
    isWriting = true
    while (queue.size > 0) {
      if (!flushRequested && queue.size < maxBatchSize) await sleep(batchDelayMs, batchDelay.signal)
      if (batchDelay.signal.aborted) batchDelay = new AbortController()
      const batch = nextBatch()
      // A result that did not fit into this batch may have requested the flush.
      flushRequested = batch.length < queue.size
      await writeBatch(db, batch, report)
        .catch(error => recover(error, batch))
        .catch(error => recover(error, batch))
    }
    isWriting = false
  }

  /**
   * The next results to write: at most one of each monitor, because the verdict on a second result of the same monitor
   * depends on the first.
   */
  const nextBatch = (): QueuedResult[] => {
    const batch = new Map<number, QueuedResult>()
    for (const queued of queue) {
      if (batch.size === maxBatchSize) break
      if (!batch.has(queued.result.monitorId)) batch.set(queued.result.monitorId, queued)
    }
    return [...batch.values()]
  }

  const reject = (queued: QueuedResult, error: Error) => {
    queue.delete(queued)
    queued.reject(error)
  }

  const report = {
    written: (queued: QueuedResult, events: VigiaEvent[]) => {
      queue.delete(queued)
      queued.resolve(events)
    },
    conflicted: (queued: QueuedResult) => {
      if (++queued.conflicts < maxConflicts) return
      const { monitorId } = queued.result
      reject(
        queued,
        new Conflict(
          `other replicas changed monitor/${monitorId} during ${maxConflicts} attempts to store its result; the broker delivers the event again`,
        ),
      )
    },
  }

  /** Deals with an error of a batch; results that stay in the queue are part of the next batch. */
  const recover = async (error: unknown, batch: readonly QueuedResult[]): Promise<void> => {
    const remaining = batch.filter(queued => queue.has(queued))
    if (remaining.length === 0) return
    if (isMissingPartition(error))
      return probeResultsIn(db).createPartitions(remaining.map(({ result }) => result.dueAt))
    if (!isTransient(error)) return writeInHalves(error, remaining)
    for (const queued of remaining)
      if (clock().getTime() - queued.queuedAt > unavailableTimeoutMs)
        reject(
          queued,
          new RetryLater(
            'PostgreSQL is unavailable, so the result is not stored; the broker delivers the event again',
            5,
            { cause: error },
          ),
        )
    await sleep(retryPauseMs)
  }

  /** Writes the batch in halves to find the result that PostgreSQL refuses. The other results are stored. */
  const writeInHalves = async (error: unknown, remaining: readonly QueuedResult[]): Promise<void> => {
    if (remaining.length === 1) return reject(remaining[0]!, asError(error))
    const middle = remaining.length >> 1
    for (const half of [remaining.slice(0, middle), remaining.slice(middle)])
      await writeBatch(db, half, report).catch(cause => recover(cause, half))
  }

  return {
    write: (outcome, cause, flush) =>
      new Promise((resolve, reject) => {
        queue.add({ ...outcome, cause, queuedAt: clock().getTime(), conflicts: 0, resolve, reject })
        if (flush) flushNow()
        if (!isWriting) void writeAll()
      }),
    flushNow,
  }
}
