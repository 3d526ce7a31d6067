import type { Postgres } from '#database/connect.ts'
import { type WaitingWork, waitingWork } from '#database/operations/waiting-work.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { announceAheadMs, planWindows, tellMaintenance } from '#functions/outages/maintenance-windows.ts'
import { publishable } from '#functions/outages/publishable.ts'
import { remind } from '#functions/outages/remind.ts'
import { tellHeldBack } from '#functions/outages/tell-changes.ts'
import { tellDegraded } from '#functions/outages/tell-degraded.ts'
import { storedEvents } from './stored-events.ts'

/** Which kinds of work may wait. `dueEvents` and `tellEverything` need it. */
export const waitingWorkAt = (now: Date, db: Postgres): Promise<WaitingWork> =>
  waitingWork(db, now, new Date(now.getTime() + announceAheadMs))

/**
 * Handles a tick: decides what the chats are told now that no result of a check caused. The decisions are stored, so a
 * second tick at the same time returns none of these events. Each step is a transaction of its own, and is left out
 * if no work of its kind waits. Events that are stored but not published, because a later step failed, are published
 * again by `unannouncedEvents`.
 */
export const tellEverything = async (
  tick: Cause,
  work: WaitingWork,
  { db, now }: { db: Postgres; now: Date },
): Promise<VigiaEvent[]> => {
  if (work.unplannedMaintenance) await planWindows(db, now)
  // A window that was planned now may begin now.
  const mayTellMaintenance = work.untoldMaintenance || work.unplannedMaintenance
  const events = [
    ...(mayTellMaintenance ? await tellMaintenance(db, now) : []),
    ...(work.untoldMonitors ? await tellHeldBack(db, now) : []),
    ...(work.reminders ? await remind(db, now) : []),
    ...(work.untoldQualities ? await tellDegraded(db, now) : []),
  ]
  return publishable(tick, events, storedEvents)
}
