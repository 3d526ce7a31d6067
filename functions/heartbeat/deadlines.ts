import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { type HeartbeatSpan, heartbeatHoursIn } from '#database/uptime/heartbeat-hours.ts'
import { type Heartbeat, heartbeatsIn } from '#database/uptime/heartbeats.ts'
import type { Clock } from '#functions/host/clock.ts'
import { uncountedSpan, unknownSpan } from './counted-time.ts'
import { afterDeadline, type Gap, lateAt, mayHaveMissed, scheduleIn } from './heartbeat-state.ts'
import { longestCommitMs } from './ping-writer.ts'

const cursorName = 'heartbeat'
/** The scheduler publishes heartbeats.due every ten seconds. A longer pause means that this function did not run. */
const longestPauseMs = 25_000
/** A change that the broker does not have after this time is published again. */
const tellAgainMs = 15_000
/** How far the hourly sums may be behind. */
const countEveryMs = 60_000

/**
 * Checks the deadlines: heartbeats whose deadline has passed are down from that deadline on. Returns these, and those
 * whose events have to be published again.
 *
 * Vigia's own outage must not look like a fault of a job. If the last check is too long ago, pings may have been lost
 * since then, so first every deadline that such a ping could have moved is moved (`mayHaveMissed`).
 */
export const checkDeadlines = async ({ db, clock }: { db: Postgres; clock: Clock }): Promise<Heartbeat[]> => {
  const now = clock()
  await db.transaction(async tx => {
    const cursors = cursorsIn(tx)
    await cursors.lock(cursorName)
    const reached = (await cursors.reached(cursorName))?.reached
    if (reached && now.getTime() - reached.getTime() > longestPauseMs) await excuse(tx, { from: reached, to: now })
    await cursors.advance(cursorName, now)
  })
  const judged = new Date(now.getTime() - longestCommitMs)
  const late = await db.transaction(tx => markLate(tx, judged))
  await db.transaction(tx => countTime(tx, judged))
  const untold = await heartbeatsIn(db).untold(new Date(now.getTime() - tellAgainMs))
  const lateIds = new Set(late.map(({ monitorId }) => monitorId))
  return [...late, ...untold.filter(({ monitorId }) => !lateIds.has(monitorId))]
}

/** Moves the deadlines of the heartbeats whose ping may have been lost in the gap. */
export const excuse = async (db: Postgres, gap: Gap): Promise<void> => {
  await db.transaction(async tx => {
    const heartbeats = await heartbeatsIn(tx).lockExpecting()
    const moved: Heartbeat[] = []
    const uncounted: HeartbeatSpan[] = []
    for (const heartbeat of heartbeats) {
      const schedule = scheduleIn(heartbeat)
      const deadline = await lateAt(heartbeat, schedule)
      if (deadline === null || !mayHaveMissed(gap, deadline, schedule)) continue
      const after = { ...heartbeat, expectedAfter: gap.to }
      const span = uncountedSpan(heartbeat, gap.from)
      if (span !== null) uncounted.push(span)
      if (uncountedSpan(heartbeat, gap.to) !== null) uncounted.push(unknownSpan(heartbeat, gap))
      moved.push({ ...after, lateAt: await lateAt(after, schedule), countedUntil: gap.to })
    }
    await heartbeatsIn(tx).save(moved, [])
    await heartbeatHoursIn(tx).add(uncounted)
  })
}

/** Marks the heartbeats whose deadline passed before `now` as down, and returns them. */
const markLate = async (tx: Postgres, now: Date): Promise<Heartbeat[]> => {
  const candidates = await heartbeatsIn(tx).lockLate(now)
  const late: Heartbeat[] = []
  const postponed: Heartbeat[] = []
  const ended: HeartbeatSpan[] = []
  for (const heartbeat of candidates) {
    // The stored deadline does not know of new settings, and of the time at which the monitor was resumed.
    const deadline = await lateAt(heartbeat, scheduleIn(heartbeat))
    if (deadline === null || deadline > now) postponed.push({ ...heartbeat, lateAt: deadline })
    else {
      const span = uncountedSpan(heartbeat, deadline)
      if (span !== null) ended.push(span)
      late.push({ ...heartbeat, ...afterDeadline(heartbeat, deadline), isTold: false, countedUntil: deadline })
    }
  }
  await heartbeatsIn(tx).save([...postponed, ...late], [])
  await heartbeatHoursIn(tx).add(ended)
  await heartbeatsIn(tx).saveLastOk(
    late.flatMap(({ monitorId, lastPingAt: lastOkAt }) => (lastOkAt ? [{ monitorId, lastOkAt }] : [])),
  )
  return late
}

/**
 * Adds the time in which heartbeats kept their state to the hourly sums. The deadlines before `judged` have been
 * judged.
 */
const countTime = async (tx: Postgres, judged: Date): Promise<void> => {
  const heartbeats = await heartbeatsIn(tx).lockUncounted(new Date(judged.getTime() - countEveryMs))
  const spans = heartbeats.flatMap(heartbeat => uncountedSpan(heartbeat, judged) ?? [])
  await heartbeatHoursIn(tx).add(spans)
  await heartbeatsIn(tx).saveCounted(spans.map(({ monitorId, to: countedUntil }) => ({ monitorId, countedUntil })))
}
