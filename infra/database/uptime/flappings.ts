import type { Postgres } from '../connect.ts'

/** A time of flapping, counted up to an instant. */
export interface Flapping {
  /** When the first of the changes happened. */
  since: Date
  /** The number of changes between up and down, and the total time down. */
  changes: number
  downMs: number
}

/** The last time of flapping of a monitor, which is over. */
export interface FlappingEnd extends Flapping {
  /** The flapping began when this incident began or ended. */
  incidentId: number
  monitorId: number
  chatId: number
  name: string
  url: string
  /** When the monitor was steady. */
  at: Date
  /** The newest incident of the monitor. */
  newestIncidentId: number
  /** Since when the monitor is down; null if it is up. */
  downSince: Date | null
  /** HTTP status and code of the last failure. */
  status: number | null
  error: string
}

/**
 * SQL: the lateral table `counted` has how often a monitor changed and how long it was down during a time of flapping,
 * from its incidents. The query must have `flapping` (the row of `incident` in which the time of flapping is stored)
 * and `moment.at` (the end of the counted time).
 */
export const countedUntil = `lateral (
  select count(*) filter (where opened_at >= flapping.flapping_since) + count(*) filter (where closed_at <= moment.at) as changes,
    coalesce(sum(extract(epoch from least(closed_at, moment.at) - greatest(opened_at, flapping.flapping_since))), 0)::float8
      * 1000 as down_ms
  from incident
  where monitor_id = flapping.monitor_id and opened_at <= moment.at
    and (closed_at is null or closed_at >= flapping.flapping_since)
) counted`

/**
 * Times of flapping, in which a monitor changes so often that its incidents are not announced one by one. They are
 * columns of the table `incident`, in the row of the incident that began or ended when the flapping began. A monitor
 * has at most one open time of flapping.
 */
export const flappingsIn = (db: Postgres) => ({
  /** Begins times of flapping at the incidents that these results opened or closed. */
  begin: async (flappings: readonly { monitorId: number; since: Date; at: Date; cause: string }[]): Promise<void> => {
    if (flappings.length === 0) return
    await db.query(
      `update incident set flapping_since = begun.since, flapping_at = begun.at, flapping_cause = begun.cause
       from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::text[]) as begun (monitor_id, since, at, cause)
       where incident.monitor_id = begun.monitor_id and begun.cause in (opened_cause, closed_cause)`,
      [
        flappings.map(({ monitorId }) => monitorId),
        flappings.map(({ since }) => since),
        flappings.map(({ at }) => at),
        flappings.map(({ cause }) => cause),
      ],
    )
  },

  /** Ends the open times of flapping of these monitors. */
  end: async (ends: readonly { monitorId: number; at: Date; cause: string }[]): Promise<void> => {
    if (ends.length === 0) return
    await db.query(
      `update incident set steady_at = ended.at, steady_cause = ended.cause
       from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as ended (monitor_id, at, cause)
       where incident.monitor_id = ended.monitor_id and flapping_at is not null and steady_at is null`,
      [ends.map(({ monitorId }) => monitorId), ends.map(({ at }) => at), ends.map(({ cause }) => cause)],
    )
  },

  /** The last time of flapping of each of these monitors, which are steady. */
  lastEndOf: async (monitorIds: readonly number[]): Promise<FlappingEnd[]> =>
    (
      await db.query<FlappingEnd>(
        `select flapping.id as "incidentId", monitor.id as "monitorId", monitor.chat_id as "chatId", monitor.name, monitor.url,
           moment.at, flapping.flapping_since as since, counted.changes, counted.down_ms as "downMs",
           last.id as "newestIncidentId", last.down_since as "downSince", last.status, last.error
         from monitor
         cross join lateral (
           select * from incident where monitor_id = monitor.id and flapping_at is not null and steady_at is not null
           order by flapping_at desc limit 1
         ) flapping
         cross join lateral (select flapping.steady_at as at) moment
         cross join ${countedUntil}
         cross join lateral (
           select id, case when closed_at is null then opened_at end as down_since, status, error
           from incident where monitor_id = monitor.id order by opened_at desc, id desc limit 1
         ) last
         where monitor.id = any ($1)`,
        [monitorIds],
      )
    ).rows,
})
