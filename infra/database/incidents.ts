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
  incident.last_ok_at as "lastOkAt", closed_at as "closedAt"`

/** The table `incident`. A monitor has at most one that is open. `cause` names the result: `monitor/42@2026-11-21T12:05:20.000Z`. */
export const incidentsIn = (db: Postgres) => ({
  open: async (
    given: Pick<Incident, 'monitorId' | 'openedAt' | 'status' | 'error' | 'lastOkAt'>,
    cause: string,
  ): Promise<Incident> =>
    (
      await db.query<Incident>(
        `insert into incident (monitor_id, opened_at, opened_cause, status, error, last_ok_at)
         values ($1, $2, $3, $4, $5, $6) returning ${columns}`,
        [given.monitorId, given.openedAt, cause, given.status, given.error, given.lastOkAt],
      )
    ).rows[0]!,

  /** The incident that was open until now, or null. */
  close: async (monitorId: number, at: Date, cause: string): Promise<Incident | null> =>
    (
      await db.query<Incident>(
        `update incident set closed_at = $2, closed_cause = $3
         where monitor_id = $1 and closed_at is null returning ${columns}`,
        [monitorId, at, cause],
      )
    ).rows[0] ?? null,

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
