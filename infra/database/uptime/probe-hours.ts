import type { Postgres } from '../connect.ts'
import { isFailed, isOk, isUnknown, msOf } from './packed-result.ts'

/** The sums of one monitor and one hour. `okS` and `failedS` are the intervals of the slots, in seconds. */
export interface HourSums {
  monitorId: number
  hour: Date
  ok: number
  failed: number
  missed: number
  okS: number
  failedS: number
  /** The sum over the good checks. */
  totalMs: number
}

const longestGapS = 2 * 24 * 3600
/** The hourly sums of a year are kept and, for comparison, those of the month before that year. */
export const hourDays = 400

/**
 * SQL for an `on conflict` clause: adds to the seconds of a kind of slots. They are null in rows of earlier releases,
 * in which each slot has the present interval. `kept` is the alias of the table.
 */
export const addedSeconds = (slots: 'ok' | 'failed' | 'missed' | 'maintenance') =>
  `${slots}_s = coalesce(kept.${slots}_s, kept.${slots} * (select interval_s from monitor where id = kept.monitor_id)) + excluded.${slots}_s`

/** The table `probe_hour`: one row for each monitor and hour. */
export const probeHoursIn = (db: Postgres) => ({
  /** The sums by hour, of the hours that begin in [from, to). Hours without slots are absent. */
  byHour: async (monitorIds: readonly number[], from: Date, to: Date): Promise<HourSums[]> =>
    (
      await db.query<HourSums>(
        `select monitor_id as "monitorId", hour, ok, failed, missed, coalesce(ok_s, ok * interval_s) as "okS",
           coalesce(failed_s, failed * interval_s) as "failedS", total_ms as "totalMs"
         from probe_hour join monitor on monitor.id = monitor_id
         where monitor_id = any ($1) and hour >= $2 and hour < $3 order by monitor_id, hour`,
        [monitorIds, from, to],
      )
    ).rows,

  /**
   * The sums by hour of all stored results with a conclusion in [from, to), also of checks that a person requested,
   * which are not in `probe_hour`. Reads the single results, so it is for monitors that have few of them.
   */
  ofResults: async (monitorIds: readonly number[], from: Date, to: Date): Promise<HourSums[]> =>
    (
      await db.query<HourSums>(
        `select monitor_id as "monitorId", date_trunc('hour', due_at, 'UTC') as hour,
           count(*) filter (where ${isOk}) as ok, count(*) filter (where ${isFailed}) as failed, 0 as missed,
           coalesce(sum(interval_s) filter (where ${isOk}), 0) as "okS",
           coalesce(sum(interval_s) filter (where ${isFailed}), 0) as "failedS",
           coalesce(sum(${msOf('total')}) filter (where ${isOk}), 0)::float8 as "totalMs"
         from probe_slot join monitor on monitor.id = monitor_id
         where monitor_id = any ($1) and due_at >= $2 and due_at < $3 and not ${isUnknown}
         group by monitor_id, 2 order by monitor_id, 2`,
        [monitorIds, from, to],
      )
    ).rows,

  /**
   * Counts the slots of all watched monitors in [from, to) as missed. If a monitor has no slot from `to` up to and
   * including `until`, its last slot in [from, to) is not counted, because `newestSlots` returns that slot for a check.
   * Of a gap longer than two days only the last two days are counted.
   */
  countMissed: async (from: Date, to: Date, until: Date): Promise<void> => {
    const end = Math.ceil(to.getTime() / 1000)
    await db.query(
      `insert into probe_hour as kept (monitor_id, hour, missed, missed_s)
       select id, to_timestamp(hour), slots - still_checked, (slots - still_checked) * interval_s
       from (
         select id, interval_s, slot_hash % interval_s as phase,
           greatest($1::bigint, ceil(extract(epoch from active_since))::bigint) as since
         from monitor where paused_at is null and kind <> 'heartbeat'
       ) watched
       cross join generate_series($1::bigint - $1::bigint % 3600, $2::bigint - 1, 3600) as hour
       cross join lateral (
         select greatest(since, hour) as first, least($2::bigint, hour + 3600) as past,
           $2::bigint - 1 - ($2::bigint - 1 - phase) % interval_s as newest
       ) edges
       cross join lateral (
         select (past - 1 - phase) / interval_s - (first - 1 - phase) / interval_s as slots,
           case when newest >= first and newest < past and newest + interval_s > $3::bigint then 1 else 0 end as still_checked
       ) counted
       where first < past and slots > still_checked
       order by 1, 2
       on conflict (monitor_id, hour) do update set missed = kept.missed + excluded.missed, ${addedSeconds('missed')}`,
      [Math.max(Math.ceil(from.getTime() / 1000), end - longestGapS), end, Math.ceil(until.getTime() / 1000)],
    )
  },

  /**
   * Deletes up to 1,000 rows of each monitor, monitor by monitor, so that PostgreSQL uses the primary key (monitor_id,
   * hour) instead of a scan of the whole table.
   */
  deleteBefore: async (instant: Date): Promise<void> => {
    await db.query(
      `delete from probe_hour using (
         select old.monitor_id, old.hour from monitor
         cross join lateral (select monitor_id, hour from probe_hour where monitor_id = monitor.id and hour < $1 limit 1000) old
       ) old
       where probe_hour.monitor_id = old.monitor_id and probe_hour.hour = old.hour`,
      [instant],
    )
  },
})

export type ProbeHours = ReturnType<typeof probeHoursIn>
