import type { Postgres } from '#database/connect.ts'
import { type HeartbeatSpan, heartbeatHoursIn } from '#database/uptime/heartbeat-hours.ts'
import {
  type Heartbeat,
  heartbeatsIn,
  keptPings,
  type LockedHeartbeat,
  type StoredPing,
} from '#database/uptime/heartbeats.ts'
import { lockMonitorLimits } from '#database/uptime/monitor-limits.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { heartbeatMonitor } from '#functions/checks/heartbeat.ts'
import type { ChangedHeartbeat } from './changes.ts'
import { uncountedSpan } from './counted-time.ts'
import { afterPing, lateAt, scheduleIn } from './heartbeat-state.ts'
import type { PingTarget } from './ping-request.ts'
import type { PingOutcome, ReceivedPing, StoreBatch } from './ping-writer.ts'
import { steadyPings } from './steady-pings.ts'

/**
 * Stores a batch of pings in one transaction. Most pings change no state; steady-pings.ts stores these. A heartbeat
 * changes its state at most once in a batch, so that every change has an event; its further pings go to the next batch.
 */
export const storePings = (db: Postgres, { monitorsPerChat }: { monitorsPerChat: number }): StoreBatch => {
  const { among, save, remember } = steadyPings()
  return async pings => {
    const outcomes = pings.map((): PingOutcome | null => null)
    const steady = among(pings)
    const steadyIndexes = new Set(steady.flatMap(({ indexes }) => indexes))
    const otherIndexes = [...pings.keys()].filter(index => !steadyIndexes.has(index))
    if (otherIndexes.length === 0) {
      const committed = await save(db, steady, outcomes)
      committed()
      return outcomes
    }
    const committed = await db.transaction(async tx => {
      const batch = otherIndexes.map(index => pings[index]!)
      const { stored, saved } = await storeChanges(tx, batch, monitorsPerChat)
      for (const [position, index] of otherIndexes.entries()) outcomes[index] = stored[position]!
      const kept = steady.length > 0 ? await save(tx, steady, outcomes) : () => {}
      return () => {
        for (const heartbeat of saved) remember(heartbeat)
        kept()
      }
    })
    committed()
    return outcomes
  }
}

/** Stores pings that may change states, in this transaction. Returns their outcomes, and the heartbeats as saved. */
const storeChanges = async (tx: Postgres, pings: readonly ReceivedPing[], monitorsPerChat: number) => {
  const heartbeats = heartbeatsIn(tx)
  // Before any heartbeat is locked, because a change of a heartbeat takes the locks in this order too.
  if (pings.some(({ create }) => create)) await lockMonitorLimits(tx)
  const found = await lockPinged(tx, pings)
  const created = await createMissing(tx, pings, found, monitorsPerChat)
  const byTarget = created.size > 0 ? await lockPinged(tx, pings) : found
  const folded = new Map<number, Folded>()
  const stored = pings.map((ping): PingOutcome | null => {
    const name = nameOf(ping.target)
    const heartbeat = byTarget.get(name)
    if (heartbeat === undefined) return { done: created.get(name) === 'full' ? 'full' : 'not found' }
    const fold = folded.get(heartbeat.monitorId) ?? { before: heartbeat, after: heartbeat, pings: [], isFull: false }
    folded.set(heartbeat.monitorId, fold)
    return addPing(fold, ping, created.get(name) === 'created' && fold.pings.length === 0)
  })
  const changed = [...folded.values()].filter(({ pings }) => pings.length > 0)
  const saved = await Promise.all(changed.map(stateOf))
  await heartbeats.save(
    saved,
    changed.flatMap(({ pings }) => pings.slice(-keptPings)),
  )
  await heartbeatHoursIn(tx).add(changed.flatMap(endedSpan))
  // While a heartbeat is up, its last ping was a good one.
  await heartbeats.saveLastOk(
    changed.flatMap(({ before: { monitorId, state, lastPingAt: lastOkAt }, after }) =>
      state === 'up' && after.state === 'down' && lastOkAt ? [{ monitorId, lastOkAt }] : [],
    ),
  )
  return { stored, saved }
}

const lockPinged = async (tx: Postgres, pings: readonly ReceivedPing[]): Promise<Map<string, LockedHeartbeat>> => {
  const targets = [...new Map(pings.map(({ target }) => [nameOf(target), target])).values()]
  const found = await heartbeatsIn(tx).lockPinged(
    targets.flatMap(target => ('token' in target ? [target.token] : [])),
    targets.flatMap(target => ('key' in target ? [target] : [])),
  )
  return new Map(
    found.flatMap(heartbeat => [
      [heartbeat.token, heartbeat] as const,
      ...(heartbeat.key === null ? [] : [[`${heartbeat.key}/${heartbeat.slug}`, heartbeat] as const]),
    ]),
  )
}

/** A token, or a key and a slug. The two never look alike, because a token has no slash. */
const nameOf = (target: PingTarget) => ('token' in target ? target.token : `${target.key}/${target.slug}`)

/** The pings of one heartbeat in a batch. */
interface Folded {
  before: LockedHeartbeat
  after: LockedHeartbeat
  pings: StoredPing[]
  /** A ping changed the state, and another one would change it again. */
  isFull: boolean
}

const addPing = (fold: Folded, ping: ReceivedPing, isNew: boolean): PingOutcome | null => {
  const { before, after } = fold
  const effect = afterPing(after, ping)
  const next = { ...after, ...effect.after }
  const changesAgain = next.changedAt !== after.changedAt && after.changedAt !== before.changedAt
  if (fold.isFull || changesAgain) {
    fold.isFull = true
    return null
  }
  const { at, action, exitCode, runId, log } = ping
  const { durationMs, isSlow } = effect
  fold.pings.push({
    ...{ monitorId: before.monitorId, number: next.pings, at, action, exitCode, runId, durationMs, isSlow, log },
  })
  fold.after = next
  // A paused monitor reports nothing.
  const isChange = next.changedAt !== after.changedAt && !before.isPaused
  return { done: 'stored', isNew, change: isChange ? changeOf(next) : null }
}

const changeOf = (heartbeat: Heartbeat): ChangedHeartbeat => {
  const { monitorId, state, changedAt, error, exitCode, slowRunMs, usualRunMs } = heartbeat
  return { monitorId, state, changedAt, error, exitCode, slowRunMs, usualRunMs }
}

/** The time in the state before this batch, if the batch ended that state. */
const endedSpan = ({ before, after }: Folded): HeartbeatSpan | never[] =>
  (after.changedAt === before.changedAt ? null : uncountedSpan(before, after.changedAt!)) ?? []

const stateOf = async ({ before, after }: Folded) => ({
  ...after,
  countedUntil: after.changedAt === before.changedAt ? before.countedUntil : after.changedAt,
  lateAt: await lateAt(after, scheduleIn(after)),
  isTold: after.changedAt === before.changedAt ? before.isTold : before.isPaused,
})

/**
 * Creates the heartbeats that do not exist and whose pings ask for it, with the schedule of Healthchecks: a ping a day.
 * Returns what became of each of them.
 */
const createMissing = async (
  tx: Postgres,
  pings: readonly ReceivedPing[],
  found: ReadonlyMap<string, Heartbeat>,
  monitorsPerChat: number,
): Promise<Map<string, 'created' | 'full'>> => {
  const results = new Map<string, 'created' | 'full'>()
  for (const { target, create } of pings) {
    const name = nameOf(target)
    if (!create || !('key' in target) || found.has(name) || results.has(name)) continue
    const chatId = await heartbeatsIn(tx).chatWithKey(target.key)
    if (chatId === null) continue
    results.set(name, await createHeartbeat(tx, chatId, target.slug, monitorsPerChat))
  }
  return results
}

const createHeartbeat = async (tx: Postgres, chatId: number, slug: string, monitorsPerChat: number) => {
  const monitors = monitorsIn(tx)
  if ((await monitors.of(chatId)).length >= monitorsPerChat) return 'full'
  const { monitor } = await monitors.add({ chatId, ...heartbeatMonitor(slug, {}) })
  await heartbeatsIn(tx).ensure({ monitorId: monitor.id, chatId, slug })
  return 'created'
}
