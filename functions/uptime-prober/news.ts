import type { Flapping, FlappingEnd } from '#database/uptime/flappings.ts'
import type { IncidentChange } from '#database/uptime/incidents.ts'
import type { SlotKey } from '#database/uptime/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'

/** What a result is called as the cause of an incident. */
export const causeOf = ({ monitorId, dueAt }: SlotKey): string => `monitor/${monitorId}@${dueAt.toISOString()}`

const told = (incident: IncidentChange, at: Date) => ({
  monitorId: incident.monitorId,
  incidentId: incident.id,
  name: incident.name,
  url: incident.url,
  since: incident.openedAt.toISOString(),
  ...(incident.openedLate && { sinceLate: true }),
  status: incident.status,
  error: incident.error,
  ...(incident.flapping && { flapping: { began: incident.flapping.began, ...figures(incident.flapping, at) } }),
})

const figures = ({ since, changes, downMs }: Flapping, at: Date) => ({
  since: since.toISOString(),
  changes,
  uptime: Math.min(1, Math.max(0, 1 - downMs / Math.max(1, at.getTime() - since.getTime()))),
})

/** The news that an incident began or ended. However often it is told, it has the same id. */
export const incidentNews = (cause: Cause, incident: IncidentChange): VigiaEvent => {
  const { id, monitorId, change, openedAt, lastOkAt, closedAt, closedLate } = incident
  const subject = `monitor/${monitorId}`
  if (change === 'opened')
    return MonitorDown.from(cause, {
      id: `incident/${id}/monitor.down`,
      subject,
      time: openedAt,
      data: { ...told(incident, openedAt), lastOkAt: lastOkAt?.toISOString() ?? null },
    })
  const until = closedAt!
  return MonitorUp.from(cause, {
    id: `incident/${id}/monitor.up`,
    subject,
    time: until,
    data: { ...told(incident, until), until: until.toISOString(), ...(closedLate && { untilLate: true }) },
  })
}

/** The news that a monitor that was flapping is steady again. */
export const steadyNews = (cause: Cause, steadied: FlappingEnd): VigiaEvent => {
  const { incidentId, monitorId, name, url, at, downSince, status, error } = steadied
  return MonitorSteady.from(cause, {
    id: `incident/${incidentId}/monitor.steady`,
    subject: `monitor/${monitorId}`,
    time: at,
    data: {
      monitorId,
      incidentId,
      name,
      url,
      ...figures(steadied, at),
      downSince: downSince?.toISOString() ?? null,
      status,
      error,
    },
  })
}

/** Whether people are told of it: what a monitor does in a time of flapping is only told at its beginning and end. */
export const isTold = ({ data }: VigiaEvent): boolean => {
  const { flapping } = data as { flapping?: { began: boolean } }
  return flapping === undefined || flapping.began
}
