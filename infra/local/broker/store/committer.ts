import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { type CommitResult, commit } from './commit-batch.ts'
import { type CommitItem, type CommitQueue, publicationOf, type Settlement } from './commit-queue.ts'
import { type Connection, ConnectionLost, type ConnectionOptions, isValueError } from './connection.ts'
import { retryUntilStopped } from './retry-until-stopped.ts'

/** Numbers that the broker assigns without asking PostgreSQL, because only one broker at a time works on a database. */
export interface Counters {
  /** `seq` of the newest event. */
  seq: number
  /** The newest lease. */
  lease: number
}

export interface CommitterOptions {
  queue: CommitQueue
  counters: Counters
  /** How many connections commit at the same time. */
  connections: number
  connect(more: Partial<ConnectionOptions>): Promise<Connection>
  leaseMs: number
  /** Whether the broker holds its lock. Nothing is committed without it. */
  hasLock(): boolean
  /** Called after a failed commit: it is unknown whether PostgreSQL stored deliveries under this lease. */
  onUncertainLease(lease: number): Promise<void>
  isStopping(): boolean
  log: Log
}

export interface Committer {
  /** Whether at least one connection is open. */
  readonly isConnected: boolean
  readonly isBusy: boolean
  /** Why PostgreSQL refused the latest commit (its disk is full, it is read-only); null when the commit succeeded. */
  readonly failure: (Error & { code?: string }) | null
  open(): Promise<void>
  /** Starts to commit the queued items. Returns at once. */
  wake(): void
  end(): Promise<void>
}

interface CommitConnection {
  current: Connection | null
  isBusy: boolean
}

/** The pause on a connection after a failed commit, for example when PostgreSQL's disk is full. */
const pauseAfterFailureMs = 200

/**
 * Commits in groups: items that arrive while a statement runs are stored by the next one. Lost connections are opened
 * again.
 */
export const committer = (options: CommitterOptions): Committer => {
  const { queue, counters, log } = options
  const connections = Array.from(
    { length: options.connections },
    (): CommitConnection => ({
      current: null,
      isBusy: false,
    }),
  )
  let failure: (Error & { code?: string }) | null = null
  let isScheduled = false

  const open = async (slot: CommitConnection): Promise<void> => {
    const onLost = () => {
      slot.current = null
      void retryUntilStopped(() => open(slot), options.isStopping)
    }
    slot.current = await options.connect({ onLost })
    wake()
  }

  const wake = () => {
    if (isScheduled || !options.hasLock()) return
    isScheduled = true
    // Runs after this turn of the event loop has read all requests that arrived, so that they are committed together.
    setImmediate(() => {
      isScheduled = false
      for (const slot of connections) if (!slot.isBusy) void drain(slot)
    })
  }

  const drain = async (slot: CommitConnection): Promise<void> => {
    slot.isBusy = true
    while (options.hasLock() && slot.current && !queue.isEmpty) {
      const isCommitted = await commitBatch(slot.current, queue.takeBatch())
      if (!isCommitted) await pause(pauseAfterFailureMs)
    }
    slot.isBusy = false
  }

  /** Returns false when PostgreSQL or the connection failed. Values that PostgreSQL cannot store are not a failure. */
  const commitBatch = async (connection: Connection, items: CommitItem[]): Promise<boolean> => {
    const lease = ++counters.lease
    for (const item of items) {
      const publication = publicationOf(item)
      if (!publication) continue
      const { key, event } = publication
      item.event = { seq: ++counters.seq, key, event, deliveries: publication.route(counters.seq, lease) }
    }
    try {
      await commitItems(connection, items, options)
      failure = null
      return true
    } catch (error) {
      const unfinished = items.filter(({ isFinished }) => !isFinished)
      for (const item of unfinished) publicationOf(item)?.onResult('unknown')
      queue.putBack(unfinished.flatMap(({ settlement }) => settlement ?? []))
      if (!(error instanceof ConnectionLost)) {
        // Log each message once, because on a full disk every commit fails.
        if (failure?.message !== (error as Error).message) log.error({ error }, 'PostgreSQL refused a commit')
        failure = error as Error
      }
      await options.onUncertainLease(lease)
      return false
    }
  }

  return {
    get isConnected() {
      return connections.some(({ current }) => current !== null)
    },
    get isBusy() {
      return connections.some(({ isBusy }) => isBusy)
    },
    get failure() {
      return failure
    },
    open: async () => {
      await Promise.all(connections.map(open))
    },
    wake,
    end: async () => {
      await Promise.allSettled(connections.map(({ current }) => current?.end()))
    },
  }
}

/** Stores the items with one statement and reports their results. Rejects when PostgreSQL or the connection failed. */
const commitItems = async (
  connection: Connection,
  items: CommitItem[],
  options: Pick<CommitterOptions, 'leaseMs' | 'log'>,
): Promise<void> => {
  const settlements = items.flatMap(({ settlement }) => settlement ?? [])
  let result: CommitResult
  try {
    result = await commit(connection, {
      events: items.flatMap(({ event }) => event ?? []),
      settled: settlements.map(settlement => settlement.settled()),
      attempts: settlements.flatMap(({ attempts }) => attempts),
      leaseMs: options.leaseMs,
    })
  } catch (error) {
    if (!isValueError(error)) throw error
    return await commitHalves(connection, items, error, options)
  }
  reportResults(items, settlements, result)
}

const reportResults = (items: CommitItem[], settlements: Settlement[], { duplicates, leaseLost }: CommitResult) => {
  for (const item of items) {
    item.isFinished = true
    publicationOf(item)?.onResult(duplicates.has(item.event!.seq) ? 'duplicate' : 'stored')
  }
  for (const [index, settlement] of settlements.entries())
    settlement.onResult(leaseLost.has(index) ? 'lease lost' : 'stored')
}

/**
 * Stores the items in two halves, because an item has a value that PostgreSQL cannot store. Repeated halving finds that
 * item, so that all other items are stored.
 */
const commitHalves = async (
  connection: Connection,
  items: CommitItem[],
  error: unknown,
  options: Pick<CommitterOptions, 'leaseMs' | 'log'>,
): Promise<void> => {
  if (items.length > 1) {
    const half = items.length >> 1
    await commitItems(connection, items.slice(0, half), options)
    await commitItems(connection, items.slice(half), options)
    return
  }
  const item = items[0]!
  options.log.error({ error, event: item.event?.event.attributes }, 'PostgreSQL cannot store these values')
  item.isFinished = true
  publicationOf(item)?.onResult('rejected')
  item.settlement?.onResult('lease lost')
}
