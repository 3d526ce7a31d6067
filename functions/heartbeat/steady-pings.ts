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

/** The heartbeats that are kept in memory, so that a ping needs no read. Each takes about a kilobyte. */
const maxKnown = 10_000

/** The pings of one heartbeat in a batch, none of which changes its state. */
interface SteadyPings {
  token: string
  before: LockedHeartbeat
  after: Heartbeat
  pings: StoredPing[]
  /** The places of the pings in the batch. */
  places: number[]
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

  /** Adds a ping to the others of its heartbeat. Returns false if the ping, or the heartbeat, needs more than that. */
  const add = (all: Map<string, SteadyPings | null>, ping: ReceivedPing, place: number): boolean => {
    if (!('token' in ping.target)) return false
    const { token } = ping.target
    const before = known.get(token)
    if (before === undefined) return false
    const one = all.get(token)
    if (one === null) return false
    const steady = one ?? { token, before, after: before, pings: [], places: [] }
    const { after, durationMs } = afterPing(steady.after, ping)
    if (durationMs !== null || !isSteady(before, after)) return false
    const { at, action, exitCode, runId, log } = ping
    steady.after = { ...before, ...after }
    steady.pings.push({
      ...{ monitorId: before.monitorId, number: after.pings, at, action, exitCode, runId, log },
      ...{ durationMs: null, isSlow: false },
    })
    steady.places.push(place)
    if (one === undefined) all.set(token, steady)
    return true
  }

  return {
    remember,

    /** The pings of a batch that change no state. If one ping of a heartbeat does, none of its pings is among them. */
    among: (batch: readonly ReceivedPing[]): SteadyPings[] => {
      const all = new Map<string, SteadyPings | null>()
      for (const [place, ping] of batch.entries())
        if (!add(all, ping, place) && 'token' in ping.target) all.set(ping.target.token, null)
      return [...all.values()].filter(one => one !== null)
    },

    /**
     * Stores steady pings. Sets their outcomes: null if the heartbeat has another version in the meantime. Returns what
     * to do after the commit.
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
      for (const { before, places } of sorted)
        for (const place of places) outcomes[place] = saved.has(before.monitorId) ? storedOk : null
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
