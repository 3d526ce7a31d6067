import type { Postgres } from './connect.ts'

/** A time during which a monitor was down. Dates are those of the slots that began and ended it. */
export interface Incident {
  id: number
  monitorId: number
  openedAt: Date
  /** HTTP status and code of the first failure. */
  status: number | null
  error: string
  /** Newest good slot before it, or null. */
  lastOkAt: Date | null
  closedAt: Date | null
}

const columns = `incident.id, incident.monitor_id as "monitorId", opened_at as "openedAt", incident.status, incident.error,
  incident.last_ok_at as "lastOkAt", incident.closed_at as "closedAt"`

/** The table `incident`. A monitor has at most one that is open. `cause` names the result: `monitor/42@2026-11-21T12:05:20.000Z`. */
export const incidentsIn = (db: Postgres) => ({
  /** Opens an incident for each, at most one a monitor. */
  open: async (
    given: readonly (Pick<Incident, 'monitorId' | 'openedAt' | 'status' | 'error' | 'lastOkAt'> & { cause: string })[],
  ): Promise<Incident[]> =>
    given.length === 0
      ? []
      : (
          await db.query<Incident>(
            `insert into incident (monitor_id, opened_at, opened_cause, status, error, last_ok_at)
             select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::smallint[], $5::text[], $6::timestamptz[])
             returning ${columns}`,
            [
              given.map(({ monitorId }) => monitorId),
              given.map(({ openedAt }) => openedAt),
              given.map(({ cause }) => cause),
              given.map(({ status }) => status),
              given.map(({ error }) => error),
              given.map(({ lastOkAt }) => lastOkAt),
            ],
          )
        ).rows,

  /** Closes the open incidents of these monitors. A monitor without an open incident is left out of the answer. */
  close: async (given: readonly { monitorId: number; closedAt: Date; cause: string }[]): Promise<Incident[]> =>
    given.length === 0
      ? []
      : (
          await db.query<Incident>(
            `update incident set closed_at = given.closed_at, closed_cause = given.cause
             from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as given (monitor_id, closed_at, cause)
             where incident.monitor_id = given.monitor_id and incident.closed_at is null returning ${columns}`,
            [
              given.map(({ monitorId }) => monitorId),
              given.map(({ closedAt }) => closedAt),
              given.map(({ cause }) => cause),
            ],
          )
        ).rows,

  openOf: async (monitorId: number): Promise<Incident | null> =>
    (
      await db.query<Incident>(`select ${columns} from incident where monitor_id = $1 and closed_at is null`, [
        monitorId,
      ])
    ).rows[0] ?? null,

  /** The newest ones of a monitor. */
  of: async (monitorId: number, limit: number): Promise<Incident[]> =>
    (
      await db.query<Incident>(
        `select ${columns} from incident where monitor_id = $1 order by opened_at desc, id desc limit $2`,
        [monitorId, limit],
      )
    ).rows,

  /** What these results opened and closed: a repeat of theirs has to tell the same again. */
  causedBy: async (
    causes: string[],
    monitorIds: number[],
  ): Promise<(Incident & { name: string; url: string; cause: string; change: 'opened' | 'closed' })[]> =>
    (
      await db.query<Incident & { name: string; url: string; cause: string; change: 'opened' | 'closed' }>(
        `select ${columns}, monitor.name, monitor.url, cause, change
         from incident join monitor on monitor.id = incident.monitor_id
         cross join lateral (values ('opened', opened_cause), ('closed', closed_cause)) as told (change, cause)
         where incident.monitor_id = any ($2) and cause = any ($1)
         order by incident.id, change desc`,
        [causes, monitorIds],
      )
    ).rows,
})

export type Incidents = ReturnType<typeof incidentsIn>
