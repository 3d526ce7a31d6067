import type { Postgres } from '../connect.ts'
import { countedUntil, type Flapping } from './flappings.ts'
import { isFailed, latenessS, msOf } from './packed-result.ts'

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

/** The monitor of an incident, for messages. */
export interface IncidentMonitor {
  chatId: number
  /** The name of the monitor, for people. */
  name: string
  url: string
  /** The settings of a heartbeat; null for other monitors. */
  heartbeat: Record<string, unknown> | null
}

/** SQL: the fields of IncidentMonitor. */
const monitorColumns = `monitor.chat_id as "chatId", monitor.name, monitor.url,
  case when monitor.kind = 'heartbeat' then monitor.settings end as heartbeat`

/** The monitors that depend on a monitor, directly or through others. `names` has the first of their names. */
export interface Dependents {
  count: number
  names: string[]
}

/** The newest incident of a monitor. */
export interface NewestIncident extends Incident, IncidentMonitor {
  /** The present time of flapping, counted up to now; null if the monitor is not flapping. */
  flapping: Flapping | null
  dependents: Dependents
}

/** The times of a check in milliseconds; null for a phase that the check did not reach. */
export interface Phases {
  dnsMs: number | null
  connectMs: number | null
  tlsMs: number | null
  firstByteMs: number | null
  totalMs: number | null
}

/**
 * An outage that is over, as the chats were told of it. It can have several incidents, because messages may have been
 * held back in between. `id`, `closedAt` and `closedLate` are of the last one, the other fields of the first one.
 */
export interface Recovery extends Omit<Incident, 'closedAt'>, IncidentMonitor {
  closedAt: Date
  incidents: number
  /** The total time down, milliseconds. */
  downMs: number
  /** The number of failed checks, and the times of the first of them; null if there were no checks. */
  failedChecks: number | null
  phases: Phases | null
  /** The id of the event with which the chats were told that the monitor is down. */
  toldBy: string | null
}

/** How many names of dependent monitors a message lists. */
const shownNames = 10

/** SQL: the due time of the check that opened the incident; null if no check opened it. */
const openedDueAt = (incident: string) =>
  `case when ${incident}.opened_cause ~ '^monitor/\\d+@\\d{4}-' then split_part(${incident}.opened_cause, '@', 2)::timestamptz end`

/** SQL: the names and values of `Phases` in the row `result` (its alias). */
const phasesOf = (result: string) =>
  Object.entries({ dnsMs: 'dns', connectMs: 'connect', tlsMs: 'tls', firstByteMs: 'first_byte', totalMs: 'total' })
    .map(([name, column]) => `'${name}', ${msOf(`${result}.${column}`)}`)
    .join(', ')

/** SQL: the newest incident of the row `monitor`. */
const newest = `lateral (
  select * from incident where monitor_id = monitor.id order by opened_at desc, id desc limit 1
) incident`

/** SQL: the monitors that depend on the row `monitor`. `union` ends also in a circle. */
const dependents = `lateral (
  with recursive dependent as (
    select child.id, child.name from monitor child where child.parent_id = monitor.id and child.paused_at is null
    union select child.id, child.name from monitor child join dependent on child.parent_id = dependent.id
    where child.paused_at is null
  )
  select count(*) as count, coalesce((array_agg(name order by name))[1:${shownNames}], '{}') as names from dependent
) dependents`

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

  /** The newest incident of each of these monitors, at that time. */
  newestOf: async (monitorIds: readonly number[], at: Date): Promise<NewestIncident[]> =>
    (
      await db.query<NewestIncident>(
        `select ${columns}, ${monitorColumns},
           case when flapping.id is not null then json_build_object(
             'since', flapping.flapping_since, 'changes', counted.changes, 'downMs', counted.down_ms) end as flapping,
           json_build_object('count', dependents.count, 'names', dependents.names) as dependents
         from monitor join ${newest} on true
         cross join (select $2::timestamptz as at) moment
         left join incident flapping on flapping.monitor_id = monitor.id
           and flapping.flapping_at is not null and flapping.steady_at is null
         left join ${countedUntil} on true
         cross join ${dependents}
         where monitor.id = any ($1)`,
        [monitorIds, at],
      )
    ).rows.map(({ flapping, ...incident }) => ({
      ...incident,
      flapping: flapping && { ...flapping, since: new Date(flapping.since) },
    })),

  /** The last outages of these monitors, which are up, as the chats were told of them. */
  recoveriesOf: async (monitorIds: readonly number[]): Promise<Recovery[]> =>
    (
      await db.query<Recovery>(
        `select incident.id, monitor.id as "monitorId", ${monitorColumns},
           first.opened_at as "openedAt", first.opened_late as "openedLate", first.status, first.error,
           first.last_ok_at as "lastOkAt", incident.closed_at as "closedAt", incident.closed_late as "closedLate",
           outage.incidents, outage.down_ms as "downMs", told_by as "toldBy",
           case when first.due_at is not null then failed.checks end as "failedChecks",
           case when phases.due_at is not null then json_build_object(${phasesOf('phases')}) end as phases
         from monitor join ${newest} on incident.closed_at is not null
         cross join lateral (
           select *, ${openedDueAt('known')} as due_at from incident known
           where monitor_id = monitor.id and id >= least(coalesce(told_incident_id, incident.id), incident.id) order by id limit 1
         ) first
         cross join lateral (
           select count(*) as incidents, sum(extract(epoch from closed_at - opened_at))::float8 * 1000 as down_ms
           from incident where monitor_id = monitor.id and id >= first.id
         ) outage
         cross join lateral (
           select count(*) as checks from probe_slot
           where monitor_id = monitor.id and due_at >= first.due_at and due_at <= incident.closed_at and ${isFailed}
             and due_at + ${latenessS} * interval '1 second' < incident.closed_at
         ) failed
         left join probe_slot phases on phases.monitor_id = monitor.id and phases.due_at = first.due_at
           and ms_of_day(phases.due_at) = ms_of_day(first.due_at)
         where monitor.id = any ($1)`,
        [monitorIds],
      )
    ).rows,

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
})

export type Incidents = ReturnType<typeof incidentsIn>
