import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { type CommitQueue, commitQueue, type Publication, type Settlement } from './commit-queue.ts'
import { type Counters, committer } from './committer.ts'
import { type Connection, ConnectionLost, type ConnectionOptions, openConnection } from './connection.ts'
import { deleteDoneEvents } from './done-events.ts'
import {
  type ClaimedDelivery,
  type ClaimRequest,
  claim,
  type HeldLease,
  type NextDue,
  nextDue,
  release,
  renew,
} from './leases.ts'
import { type LockConnection, lockConnection } from './lock-connection.ts'
import { lastEpoch, takeOver } from './takeover.ts'

export interface StoreOptions {
  /** PostgreSQL. */
  url: string
  leaseMs: number
  /** How many connections commit. Each of them sends the queued items when it is free. */
  commitConnections: number
  /** PostgreSQL counts as unavailable when it does not respond within this time. */
  timeoutMs: number
  /** Names of the Triggers that exist. */
  triggers: readonly string[]
  log: Log
  /** Called when PostgreSQL is available again after it was unavailable. */
  onAvailable(): void
}

export interface Store {
  /** Whether events can be published now. */
  readonly isOpen: boolean
  /** Why PostgreSQL, although it responds, refused the latest commit (its disk is full, it is read-only); else null. */
  readonly failure: (Error & { code?: string }) | null
  /** Publications that wait for a commit. */
  readonly queued: CommitQueue['queued']
  publish(publication: Publication): void
  settle(settlement: Settlement): void
  /** Leases due deliveries. This and the methods below reject with StoreUnavailable when PostgreSQL is unavailable. */
  claim(wanted: readonly ClaimRequest[]): Promise<{ lease: number; claimed: ClaimedDelivery[] }>
  nextDue(): Promise<NextDue>
  renew(held: readonly HeldLease[]): Promise<void>
  /**
   * Deletes every event older than `ageMs` whose deliveries are all done, in small batches. Returns how many it
   * deleted.
   */
  deleteDoneEvents(ageMs: number): Promise<number>
  /** Commits the queued items if PostgreSQL is available, and closes the connections. */
  stop(): Promise<void>
}

/** PostgreSQL is unavailable. The operation was not executed, or it is unknown whether it was. */
export class StoreUnavailable extends Error {}

/**
 * Opens the broker's tables. Connections that are lost are opened again. While the lock connection is lost, the store
 * is unavailable: publications get the result `unknown`, and settlements wait. Rejects with DatabaseTaken, or when
 * PostgreSQL does not respond.
 */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const { url, leaseMs, timeoutMs, triggers, log } = options
  const queue = commitQueue()
  const counters: Counters = { seq: 0, lease: 0 }
  let isStopping = false

  const connect = (more: Partial<ConnectionOptions>) =>
    openConnection({ url, applicationName: 'vigia broker', timeoutMs, ...more })
  const uncertainLeases = leaseReleaser()
  const ownership = ownershipOf(counters, triggers, log)

  const lock = lockConnection({
    connect,
    prepare: async connection => {
      await ownership.take(connection)
      await uncertainLeases.release(connection)
    },
    onLockLost: () => {
      log.warn({}, 'PostgreSQL is unavailable: new events are answered 503 until it is back')
      queue.dropPublications()
    },
    onLockRegained: () => {
      log.info({}, 'PostgreSQL is available again')
      commits.wake()
      options.onAvailable()
    },
    isStopping: () => isStopping,
    log,
  })
  const commits = committer({
    queue,
    counters,
    connections: options.commitConnections,
    connect,
    leaseMs,
    hasLock: () => lock.current !== null,
    onUncertainLease: async lease => {
      uncertainLeases.add(lease)
      if (lock.current) await uncertainLeases.release(lock.current).catch(() => {})
    },
    isStopping: () => isStopping,
    log,
  })

  await lock.open()
  try {
    await commits.open()
  } catch (error) {
    isStopping = true
    await Promise.allSettled([lock.end(), commits.end()])
    throw error
  }

  return {
    get isOpen() {
      return lock.current !== null && !isStopping && commits.isConnected
    },
    get failure() {
      return commits.failure
    },
    queued: queue.queued,
    publish: publication => {
      queue.publish(publication)
      commits.wake()
    },
    settle: settlement => {
      queue.settle(settlement)
      commits.wake()
    },
    claim: wanted =>
      withLock(lock, async connection => {
        const lease = ++counters.lease
        return { lease, claimed: await claim(connection, wanted, lease, leaseMs) }
      }),
    nextDue: () => withLock(lock, connection => nextDue(connection, triggers)),
    renew: held => withLock(lock, connection => renew(connection, held, leaseMs)),
    deleteDoneEvents: doneEventsDeleter(lock, () => isStopping),
    stop: async () => {
      while (lock.current && (!queue.isEmpty || commits.isBusy)) await pause(2)
      isStopping = true
      await Promise.allSettled([lock.end(), commits.end()])
    },
  }
}

/**
 * Runs a query on the lock connection. Rejects with StoreUnavailable when that connection is lost, before or during the
 * query.
 */
const withLock = async <T>(lock: LockConnection, query: (connection: Connection) => Promise<T>): Promise<T> => {
  if (!lock.current) throw new StoreUnavailable('PostgreSQL is unavailable')
  try {
    return await query(lock.current)
  } catch (error) {
    throw error instanceof ConnectionLost ? new StoreUnavailable('PostgreSQL is unavailable', { cause: error }) : error
  }
}

/**
 * Takes the tables over at the start, and after a lost connection only if another broker has worked on them meanwhile.
 * Otherwise the deliveries in memory are still leased to this process.
 */
const ownershipOf = (counters: Counters, triggers: readonly string[], log: Log) => {
  let epoch = 0
  return {
    take: async (connection: Connection): Promise<void> => {
      if (epoch !== 0 && (await lastEpoch(connection)) === epoch) return
      const takeover = await takeOver(connection, triggers)
      epoch = takeover.epoch
      counters.seq = takeover.seq
      // A lease begins with the epoch, so a lease of an earlier start never equals one of this start.
      counters.lease = epoch * 2 ** 32
      for (const [trigger, deliveries] of Object.entries(takeover.abandoned))
        log.warn({ trigger, deliveries }, 'this Trigger no longer exists: its pending deliveries are dropped')
    },
  }
}

/**
 * Remembers the leases of commits that may or may not have been executed. `release` makes their deliveries due again,
 * so that none is lost.
 */
const leaseReleaser = () => {
  const leases = new Set<number>()
  return {
    add: (lease: number) => leases.add(lease),
    release: async (connection: Connection): Promise<void> => {
      const released = [...leases]
      if (released.length > 0) await release(connection, released)
      for (const lease of released) leases.delete(lease)
    },
  }
}

const deleteBatch = 500
const startAgainMs = 3_600_000

/**
 * Deletes done events in batches. Each call continues after the `seq` where the previous call ended. Once an hour a
 * call starts again at the oldest event, because an event that an earlier call found pending may be done now.
 */
const doneEventsDeleter = (lock: LockConnection, isStopping: () => boolean): Store['deleteDoneEvents'] => {
  let after = 0
  let startedAt = performance.now()
  return async ageMs => {
    let sum = 0
    if (performance.now() - startedAt > startAgainMs) {
      after = 0
      startedAt = performance.now()
    }
    for (;;) {
      const { deleted, upTo } = await withLock(lock, connection =>
        deleteDoneEvents(connection, ageMs, after, deleteBatch),
      )
      sum += deleted
      if (upTo === null || isStopping()) return sum
      after = upTo
    }
  }
}
