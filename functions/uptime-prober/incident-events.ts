import type { Postgres } from '#database/connect.ts'
import { monitorEventsIn } from '#database/uptime/monitor-events.ts'
import type { SlotKey } from '#database/uptime/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { publishable } from '#functions/outages/publishable.ts'

/**
 * The name of a slot, such as `monitor/42@2026-11-21T12:05:20.000Z`. The table `incident` stores the names of the slots
 * whose results opened and closed each incident.
 */
export const slotId = ({ monitorId, dueAt }: SlotKey): string => `monitor/${monitorId}@${dueAt.toISOString()}`

/**
 * The events that were caused by the results of these slots. The keys of the map are slot names (`slotId`); slots that
 * caused no event are absent. A later call returns the same events with the same ids, so a redelivery can publish them
 * again.
 */
export const eventsOfSlots = async (
  db: Postgres,
  slots: readonly { slot: SlotKey; cause: Cause }[],
): Promise<Map<string, VigiaEvent[]>> => {
  if (slots.length === 0) return new Map()
  const causes = new Map(slots.map(({ slot, cause }) => [slotId(slot), cause]))
  const stored = await monitorEventsIn(db).causedBy([...causes.keys()])
  const bySlot = Map.groupBy(stored, ({ cause }) => cause!)
  return new Map([...bySlot].map(([slot, events]) => [slot, publishable(causes.get(slot)!, events)]))
}
