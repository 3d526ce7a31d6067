import type { Incident } from '#database/incidents.ts'
import type { SlotName } from '#database/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorUp } from '#events/monitor-up.ts'

/** An incident with what people call the monitor. */
export type NamedIncident = Incident & { name: string; url: string }

/** What a result is called as the cause of an incident. */
export const causeOf = ({ monitorId, dueAt }: SlotName): string => `monitor/${monitorId}@${dueAt.toISOString()}`

const told = (incident: NamedIncident) => ({
  monitorId: incident.monitorId,
  incidentId: incident.id,
  name: incident.name,
  url: incident.url,
  since: incident.openedAt.toISOString(),
  status: incident.status,
  error: incident.error,
})

/** The news that an incident began. However often it is told, it has the same id. */
export const downNews = (cause: Cause, incident: NamedIncident): VigiaEvent =>
  MonitorDown.from(cause, {
    id: `incident/${incident.id}/monitor.down`,
    subject: `monitor/${incident.monitorId}`,
    time: incident.openedAt,
    data: { ...told(incident), lastOkAt: incident.lastOkAt?.toISOString() ?? null },
  })

/** The news that it is over. */
export const upNews = (cause: Cause, incident: NamedIncident): VigiaEvent => {
  const closedAt = incident.closedAt!
  return MonitorUp.from(cause, {
    id: `incident/${incident.id}/monitor.up`,
    subject: `monitor/${incident.monitorId}`,
    time: closedAt,
    data: { ...told(incident), until: closedAt.toISOString() },
  })
}
