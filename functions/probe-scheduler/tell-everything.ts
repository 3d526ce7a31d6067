import type { Postgres } from '#database/connect.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import { planWindows, tellMaintenance } from '#functions/outages/maintenance-windows.ts'
import { publishable } from '#functions/outages/publishable.ts'
import { remind } from '#functions/outages/remind.ts'
import { tellHeldBack } from '#functions/outages/tell-changes.ts'
import { tellDegraded } from '#functions/outages/tell-degraded.ts'
import { storedEvents } from './stored-events.ts'

/**
 * Handles a tick: decides what the chats are told now that no result of a check caused. The decisions are stored, so a
 * second tick at the same time returns none of these events. Each step is a transaction of its own: events that are
 * stored but not published, because a later step failed, are published again by `unannouncedEvents`.
 */
export const tellEverything = async (
  tick: Cause,
  { db, clock }: { db: Postgres; clock: Clock },
): Promise<VigiaEvent[]> => {
  const now = clock()
  await planWindows(db, now)
  const events = [
    ...(await tellMaintenance(db, now)),
    ...(await tellHeldBack(db, now)),
    ...(await remind(db, now)),
    ...(await tellDegraded(db, now)),
  ]
  return publishable(tick, events, storedEvents)
}
