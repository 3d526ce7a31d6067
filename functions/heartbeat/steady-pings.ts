import type { Postgres } from '#database/connect.ts'
import {
  type Heartbeat,
  heartbeatsIn,
  keptPings,
  type LockedHeartbeat,
  type StoredPing,
} from '#database/uptime/heartbeats.ts'
import { afterPing, isSteady, lateAt, scheduleIn } from './heartbeat-state.ts'
import type { PingOutcome, ReceivedPing } from './ping-writer.ts'

/** How many heartbeats are kept in memory, so that their pings need no read. Each takes about a kilobyte. */
const maxKnown = 10_000

/** The pings of one heartbeat in a batch, none of which changes its state. */
interface SteadyPings {
  token: string
  before: LockedHeartbeat
  after: Heartbeat
  pings: StoredPing[]
  /** The indexes of the pings in the batch. */
  indexes: number[]
}

const storedOk: PingOutcome = { done: 'stored', isNew: false, change: null }

/**
 * Stores pings that change no state with one statement, and without reading their heartbeats: it keeps the heartbeats
 * of the last pings in memory, with their versions. The statement stores pings only if the heartbeat and its monitor
 * still have these versions, so a change by another process, or by a person, is never overwritten and never missed.
 */
export const steadyPings = () => {
  const known = new Map<string, LockedHeartbeat>()

  const forget = (token: string) => void known.delete(token)

  const remember = (heartbeat: LockedHeartbeat) => {
    known.delete(heartbeat.token)
    if (known.size >= maxKnown) forget(known.keys().next().value!)
    known.set(heartbeat.token, heartbeat)
  }

  /**
   * Adds a ping to the steady pings of its heartbeat. Returns false if the heartbeat is not in memory, if the ping
   * changes its state, or if an earlier ping of the batch was not added (null in `byToken`).
   */
  const add = (byToken: Map<string, SteadyPings | null>, ping: ReceivedPing, index: number): boolean => {
    if (!('token' in ping.target)) return false
    const { token } = ping.target
    const before = known.get(token)
    if (before === undefined) return false
    const earlier = byToken.get(token)
    if (earlier === null) return false
    const steady = earlier ?? { token, before, after: before, pings: [], indexes: [] }
    const { after, durationMs } = afterPing(steady.after, ping)
    if (durationMs !== null || !isSteady(before, after)) return false
    const { at, action, exitCode, runId, log } = ping
    steady.after = { ...before, ...after }
    steady.pings.push({
      ...{ monitorId: before.monitorId, number: after.pings, at, action, exitCode, runId, log },
      ...{ durationMs: null, isSlow: false },
    })
    steady.indexes.push(index)
    if (earlier === undefined) byToken.set(token, steady)
    return true
  }

  return {
    remember,

    /**
     * The pings of a batch that change no state. If one ping changes the state of its heartbeat, all pings of this
     * heartbeat are left out.
     */
    among: (batch: readonly ReceivedPing[]): SteadyPings[] => {
      const byToken = new Map<string, SteadyPings | null>()
      for (const [index, ping] of batch.entries())
        if (!add(byToken, ping, index) && 'token' in ping.target) byToken.set(ping.target.token, null)
      return [...byToken.values()].filter(steady => steady !== null)
    },

    /**
     * Stores steady pings and sets the outcome of each. The outcome is null, and the ping is not stored, if the
     * heartbeat or its monitor has changed since it was read.
     * Returns a function to call after the commit: it updates the heartbeats in memory.
     */
    save: async (
      db: Postgres,
      steady: readonly SteadyPings[],
      outcomes: (PingOutcome | null)[],
    ): Promise<() => void> => {
      const sorted = steady.toSorted((one, other) => one.before.monitorId - other.before.monitorId)
      const changes = await Promise.all(
        sorted.map(async ({ before, after }) => ({
          ...after,
          version: before.version,
          lateAt: await lateAt(after, scheduleIn(after)),
        })),
      )
      const saved = await heartbeatsIn(db).saveSteady(
        changes,
        sorted.flatMap(({ pings }) => pings.slice(-keptPings)),
      )
      for (const { before, indexes } of sorted)
        for (const index of indexes) outcomes[index] = saved.has(before.monitorId) ? storedOk : null
      return () => {
        for (const change of changes) {
          const row = saved.get(change.monitorId)
          if (row === undefined) forget(change.token)
          else remember({ ...change, version: { ...change.version, row } })
        }
      }
    },
  }
}
