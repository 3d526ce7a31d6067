import type { CheckKind } from '#events/probe-requested.ts'
import type { Postgres } from '../connect.ts'
import { countedUntil, type Flapping } from './flappings.ts'

/** A time during which a monitor was down. The dates are those of the checks that observed its beginning and end. */
export interface Incident {
  id: number
  monitorId: number
  openedAt: Date
  /** The check that observed the beginning ran late, so the incident may have begun earlier. */
  openedLate: boolean
  /** HTTP status and code of the first failure. */
  status: number | null
  error: string
  /** The time of the last good check before the incident, or null. */
  lastOkAt: Date | null
  closedAt: Date | null
  /** The check that observed the end ran late. */
  closedLate: boolean
}

/** The beginning or the end of an incident. */
export interface IncidentChange extends Incident {
  /** The name of the monitor, for people. */
  name: string
  url: string
  change: 'opened' | 'closed'
  cause: string
  /**
   * The time of flapping in which the change happened, counted up to the change. `began`: this change began the
   * flapping.
   */
  flapping: (Flapping & { began: boolean }) | null
}

/** A slot of a monitor, with the data for an event that requests the check of this slot. */
export interface UnannouncedSlot {
  id: number
  kind: CheckKind
  url: string
  intervalS: number
  timeoutMs: number
  /** UTC, in ISO format. */
  dueAt: string
}

const columns = `incident.id, incident.monitor_id as "monitorId", incident.opened_at as "openedAt", incident.status, incident.error,
  incident.last_ok_at as "lastOkAt", incident.closed_at as "closedAt",
  incident.opened_late as "openedLate", incident.closed_late as "closedLate"`

/**
 * The table `incident`. A monitor has at most one open incident. `cause` is the id of the slot:
 * `monitor/42@2026-11-21T12:05:20.000Z`.
 */
export const incidentsIn = (db: Postgres) => ({
  /** Opens incidents, at most one for each monitor. */
  open: async (
    incidents: readonly (Omit<Incident, 'id' | 'closedAt' | 'closedLate'> & { cause: string })[],
  ): Promise<void> => {
    if (incidents.length === 0) return
    await db.query(
      `insert into incident (monitor_id, opened_at, opened_late, opened_cause, status, error, last_ok_at)
       select * from unnest($1::bigint[], $2::timestamptz[], $3::boolean[], $4::text[], $5::smallint[], $6::text[], $7::timestamptz[])`,
      [
        incidents.map(({ monitorId }) => monitorId),
        incidents.map(({ openedAt }) => openedAt),
        incidents.map(({ openedLate }) => openedLate),
        incidents.map(({ cause }) => cause),
        incidents.map(({ status }) => status),
        incidents.map(({ error }) => error),
        incidents.map(({ lastOkAt }) => lastOkAt),
      ],
    )
  },

  /** Closes the open incidents of these monitors. */
  close: async (
    ends: readonly { monitorId: number; closedAt: Date; closedLate: boolean; cause: string }[],
  ): Promise<void> => {
    if (ends.length === 0) return
    await db.query(
      `update incident set closed_at = ended.closed_at, closed_late = ended.closed_late, closed_cause = ended.cause
       from unnest($1::bigint[], $2::timestamptz[], $3::boolean[], $4::text[]) as ended (monitor_id, closed_at, closed_late, cause)
       where incident.monitor_id = ended.monitor_id and incident.closed_at is null`,
      [
        ends.map(({ monitorId }) => monitorId),
        ends.map(({ closedAt }) => closedAt),
        ends.map(({ closedLate }) => closedLate),
        ends.map(({ cause }) => cause),
      ],
    )
  },

  /** What these results caused: beginnings and ends of incidents. A redelivery reads and publishes them again. */
  causedBy: async (causes: string[], monitorIds: number[]): Promise<IncidentChange[]> =>
    (
      await db.query<IncidentChange>(
        `select ${columns}, monitor.name, monitor.url, moment.cause, moment.change,
           case when flapping.id is not null then json_build_object('began', flapping.flapping_cause = moment.cause,
             'since', flapping.flapping_since, 'changes', counted.changes, 'downMs', counted.down_ms) end as flapping
         from incident join monitor on monitor.id = incident.monitor_id
         cross join lateral (
           values ('opened', incident.opened_cause, incident.opened_at), ('closed', incident.closed_cause, incident.closed_at)
         ) as moment (change, cause, at)
         left join incident flapping on flapping.monitor_id = incident.monitor_id
           and moment.at >= flapping.flapping_at and (flapping.steady_at is null or moment.at < flapping.steady_at)
         left join ${countedUntil} on true
         where incident.monitor_id = any ($2) and moment.cause = any ($1)
         order by incident.id, moment.change desc`,
        [causes, monitorIds],
      )
    ).rows.map(({ flapping, ...incident }) => ({
      ...incident,
      flapping: flapping && { ...flapping, since: new Date(flapping.since) },
    })),

  /** The incidents of these monitors that lie at least partly in [from, to), the oldest first. At most 1,000. */
  between: async (monitorIds: readonly number[], from: Date, to: Date): Promise<Incident[]> =>
    (
      await db.query<Incident>(
        `select ${columns} from incident
         where monitor_id = any ($1) and opened_at < $3 and (closed_at is null or closed_at > $2)
         order by opened_at, id limit 1000`,
        [monitorIds, from, to],
      )
    ).rows,

  /**
   * The slots whose result opened or closed an incident, or ended a time of flapping, if this change happened in
   * [from, to) and no message about the change was requested. At most 50. The message is missing if a broker that keeps
   * events in memory has lost the event, or if the chat gets no messages.
   */
  unannounced: async (from: Date, to: Date): Promise<UnannouncedSlot[]> =>
    (
      await db.query<UnannouncedSlot>(
        `select monitor.id, monitor.kind, monitor.url, monitor.interval_s as "intervalS", monitor.timeout_ms as "timeoutMs",
           split_part(moment.cause, '@', 2) as "dueAt"
         from incident join monitor on monitor.id = incident.monitor_id
         cross join lateral (
           values ('down', incident.opened_cause, incident.opened_at), ('up', incident.closed_cause, incident.closed_at),
             ('steady', incident.steady_cause, incident.steady_at)
         ) as moment (event, cause, at)
         where (incident.closed_at is null or incident.closed_at >= $1 or incident.steady_at >= $1)
           and moment.at >= $1 and moment.at < $2 and monitor.kind <> 'heartbeat'
           and not exists (
             select from message
             where key = format('incident/%s/monitor.%s/message.requested/%s', incident.id, moment.event, monitor.chat_id)
           )
         order by moment.at limit 50`,
        [from, to],
      )
    ).rows,
})

export type Incidents = ReturnType<typeof incidentsIn>
