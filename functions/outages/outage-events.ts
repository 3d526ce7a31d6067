import type { Flapping, FlappingEnd } from '#database/uptime/flappings.ts'
import type { Incident, NewestIncident, Recovery } from '#database/uptime/incidents.ts'
import type { MonitorEvent } from '#database/uptime/monitor-events.ts'
import type { DataOf, EventDefinition } from '#events/event.ts'
import { incidentEventId } from '#events/incident.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'

/** An event about a monitor, before it is known which result led to it. */
export type OutageEvent = Omit<MonitorEvent, 'cause'>

const eventOf = <Definition extends EventDefinition>(
  { name }: Definition,
  { monitorId, chatId }: { monitorId: number; chatId: number },
  { id, time, data }: { id: string; time: Date; data: DataOf<Definition> },
): OutageEvent => ({ id, chatId, monitorId, name, subject: `monitor/${monitorId}`, data, time })

/** `monitor.down`: the monitor is down. */
export const downEvent = (incident: NewestIncident): OutageEvent =>
  eventOf(MonitorDown, incident, {
    id: incidentEventId(incident.id, 'monitor.down'),
    time: incident.openedAt,
    data: downData(incident),
  })

/** `monitor.down` as a reminder that the monitor is still down. `key` distinguishes the reminders of an incident. */
export const reminderEvent = (incident: NewestIncident, reminder: number, key: string, at: Date): OutageEvent =>
  eventOf(MonitorDown, incident, {
    id: `${incidentEventId(incident.id, 'monitor.down')}/${key}`,
    time: at,
    data: { ...downData(incident), reminder },
  })

const downData = (incident: NewestIncident): DataOf<typeof MonitorDown> => ({
  ...incidentData(incident),
  lastOkAt: incident.lastOkAt?.toISOString() ?? null,
  ...(incident.dependents.count > 0 && { dependents: incident.dependents }),
})

/** `monitor.up`: the monitor is up, and the chats were told that it was down. */
export const upEvent = (recovery: Recovery): OutageEvent => {
  const { id, closedAt, closedLate, incidents, downMs, failedChecks, phases, toldBy } = recovery
  return eventOf(MonitorUp, recovery, {
    id: incidentEventId(id, 'monitor.up'),
    time: closedAt,
    data: {
      ...incidentData(recovery),
      until: closedAt.toISOString(),
      ...(closedLate && { untilLate: true }),
      ...(incidents > 1 && { outages: { count: incidents, downMs } }),
      ...(failedChecks !== null && { failedChecks }),
      ...(phases !== null && { phases }),
      ...(toldBy !== null && { toldBy }),
    },
  })
}

/** `monitor.down` or `monitor.up`, depending on the present state: the monitor is flapping. */
export const flappingEvent = (incident: NewestIncident, at: Date): OutageEvent => {
  const flapping = flappingData(incident.flapping!, at)
  const { id, openedAt, closedAt, closedLate } = incident
  if (closedAt === null)
    return eventOf(MonitorDown, incident, {
      id: incidentEventId(id, 'monitor.down'),
      time: openedAt,
      data: { ...downData(incident), flapping },
    })
  return eventOf(MonitorUp, incident, {
    id: incidentEventId(id, 'monitor.up'),
    time: closedAt,
    data: {
      ...incidentData(incident),
      until: closedAt.toISOString(),
      ...(closedLate && { untilLate: true }),
      flapping,
    },
  })
}

/** `monitor.steady`: the monitor has stopped flapping. */
export const steadyEvent = (end: FlappingEnd): OutageEvent => {
  const { incidentId, newestIncidentId, monitorId, name, url, at, downSince, status, error } = end
  return eventOf(MonitorSteady, end, {
    id: incidentEventId(incidentId, 'monitor.steady'),
    time: at,
    data: {
      monitorId,
      incidentId,
      name,
      url,
      ...flappingData(end, at),
      downSince: downSince?.toISOString() ?? null,
      ...(downSince !== null && { downIncidentId: newestIncidentId }),
      status,
      error,
    },
  })
}

const incidentData = ({
  id,
  monitorId,
  name,
  url,
  openedAt,
  openedLate,
  status,
  error,
  heartbeat,
}: Pick<NewestIncident, 'monitorId' | 'name' | 'url' | 'heartbeat'> &
  Omit<Incident, 'closedAt' | 'closedLate' | 'lastOkAt'>) => ({
  monitorId,
  incidentId: id,
  name,
  url,
  since: openedAt.toISOString(),
  ...(openedLate && { sinceLate: true }),
  status,
  error,
  ...(heartbeat !== null && { heartbeat }),
})

const flappingData = ({ since, changes, downMs }: Flapping, at: Date) => ({
  since: since.toISOString(),
  changes,
  uptime: Math.min(1, Math.max(0, 1 - downMs / Math.max(1, at.getTime() - since.getTime()))),
})
