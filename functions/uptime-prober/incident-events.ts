import type { Postgres } from '#database/connect.ts'
import { type Flapping, type FlappingEnd, flappingsIn } from '#database/uptime/flappings.ts'
import { type IncidentChange, incidentsIn } from '#database/uptime/incidents.ts'
import type { SlotKey } from '#database/uptime/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { incidentEventId } from '#events/incident.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'

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
  const slotIds = [...causes.keys()]
  const monitorIds = slots.map(({ slot }) => slot.monitorId)
  const incidents = await incidentsIn(db).causedBy(slotIds, monitorIds)
  const flappingEnds = await flappingsIn(db).endedBy(slotIds, monitorIds)
  const events = new Map<string, VigiaEvent[]>()
  for (const incident of incidents) events.set(incident.cause, [incidentEvent(causes.get(incident.cause)!, incident)])
  for (const end of flappingEnds) events.set(end.cause, [steadyEvent(causes.get(end.cause)!, end)])
  return events
}

/**
 * Whether people are notified of the event. While a monitor is flapping, they are notified only of the start and the
 * end.
 */
export const isAnnounced = ({ data }: VigiaEvent): boolean => {
  const { flapping } = data as { flapping?: { began: boolean } }
  return flapping === undefined || flapping.began
}

/** `monitor.down` or `monitor.up`. The id comes from the incident, so every call makes the same event. */
const incidentEvent = (cause: Cause, incident: IncidentChange): VigiaEvent => {
  const { id, monitorId, change, openedAt, lastOkAt, closedAt, closedLate } = incident
  const subject = `monitor/${monitorId}`
  if (change === 'opened')
    return MonitorDown.from(cause, {
      id: incidentEventId(id, 'monitor.down'),
      subject,
      time: openedAt,
      data: { ...incidentData(incident, openedAt), lastOkAt: lastOkAt?.toISOString() ?? null },
    })
  const until = closedAt!
  return MonitorUp.from(cause, {
    id: incidentEventId(id, 'monitor.up'),
    subject,
    time: until,
    data: { ...incidentData(incident, until), until: until.toISOString(), ...(closedLate && { untilLate: true }) },
  })
}

const steadyEvent = (cause: Cause, end: FlappingEnd): VigiaEvent => {
  const { incidentId, monitorId, name, url, at, downSince, status, error } = end
  return MonitorSteady.from(cause, {
    id: incidentEventId(incidentId, 'monitor.steady'),
    subject: `monitor/${monitorId}`,
    time: at,
    data: {
      monitorId,
      incidentId,
      name,
      url,
      ...flappingData(end, at),
      downSince: downSince?.toISOString() ?? null,
      status,
      error,
    },
  })
}

const incidentData = (incident: IncidentChange, at: Date) => ({
  monitorId: incident.monitorId,
  incidentId: incident.id,
  name: incident.name,
  url: incident.url,
  since: incident.openedAt.toISOString(),
  ...(incident.openedLate && { sinceLate: true }),
  status: incident.status,
  error: incident.error,
  ...(incident.flapping && { flapping: { began: incident.flapping.began, ...flappingData(incident.flapping, at) } }),
})

const flappingData = ({ since, changes, downMs }: Flapping, at: Date) => ({
  since: since.toISOString(),
  changes,
  uptime: Math.min(1, Math.max(0, 1 - downMs / Math.max(1, at.getTime() - since.getTime()))),
})
