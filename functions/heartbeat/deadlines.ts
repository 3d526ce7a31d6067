import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { type Heartbeat, heartbeatsIn } from '#database/uptime/heartbeats.ts'
import type { Clock } from '#functions/host/clock.ts'
import { afterDeadline, type Gap, lateAt, mayHaveMissed, scheduleIn } from './heartbeat-state.ts'
import { longestCommitMs } from './ping-writer.ts'

const cursorName = 'heartbeat'
/** The scheduler publishes heartbeats.due every ten seconds. A longer pause means that this function did not run. */
const longestPauseMs = 25_000
/** A change that the broker does not have after this time is published again. */
const tellAgainMs = 15_000

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
  const late = await db.transaction(tx => markLate(tx, new Date(now.getTime() - longestCommitMs)))
  const untold = await heartbeatsIn(db).untold(new Date(now.getTime() - tellAgainMs))
  const lateIds = new Set(late.map(({ monitorId }) => monitorId))
  return [...late, ...untold.filter(({ monitorId }) => !lateIds.has(monitorId))]
}

/** Moves the deadlines of the heartbeats whose ping may have been lost in the gap. */
export const excuse = async (db: Postgres, gap: Gap): Promise<void> => {
  await db.transaction(async tx => {
    const heartbeats = await heartbeatsIn(tx).lockExpecting()
    const moved: Heartbeat[] = []
    for (const heartbeat of heartbeats) {
      const schedule = scheduleIn(heartbeat)
      const deadline = await lateAt(heartbeat, schedule)
      if (deadline === null || !mayHaveMissed(gap, deadline, schedule)) continue
      const after = { ...heartbeat, expectedAfter: gap.to }
      moved.push({ ...after, lateAt: await lateAt(after, schedule) })
    }
    await heartbeatsIn(tx).save(moved, [])
  })
}

/** Marks the heartbeats whose deadline passed before `now` as down, and returns them. */
const markLate = async (tx: Postgres, now: Date): Promise<Heartbeat[]> => {
  const candidates = await heartbeatsIn(tx).lockLate(now)
  const late: Heartbeat[] = []
  const postponed: Heartbeat[] = []
  for (const heartbeat of candidates) {
    // The stored deadline does not know of new settings, and of the time at which the monitor was resumed.
    const deadline = await lateAt(heartbeat, scheduleIn(heartbeat))
    if (deadline === null || deadline > now) postponed.push({ ...heartbeat, lateAt: deadline })
    else late.push({ ...heartbeat, ...afterDeadline(heartbeat, deadline), isTold: false })
  }
  await heartbeatsIn(tx).save([...postponed, ...late], [])
  await heartbeatsIn(tx).saveLastOk(
    late.flatMap(({ monitorId, lastPingAt: lastOkAt }) => (lastOkAt ? [{ monitorId, lastOkAt }] : [])),
  )
  return late
}
