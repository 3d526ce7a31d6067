import type { Postgres } from '../connect.ts'

/** What became of a monitor's slots. What nobody looked at is neither up nor down. */
export interface UptimeSummary {
  ok: number
  failed: number
  /** Nobody looked, through a fault of ours. */
  missed: number
  /** Of the good ones, whole requests, milliseconds; null without any. */
  averageMs: number | null
  /** The good part of the time that was looked at, from 0 to 1: a slot stands for the interval in which it was made. null without any. */
  uptime: number | null
}

const longestGapS = 2 * 24 * 3600

/** The table `probe_hour`: one row a monitor and hour. */
export const probeHoursIn = (db: Postgres) => ({
  /** By monitor, since the beginning of the hour of `since`. A monitor without any slot since then is not in it. */
  uptime: async (monitorIds: number[], since: Date): Promise<Map<number, UptimeSummary>> => {
    const { rows } = await db.query<UptimeSummary & { monitorId: number }>(
      `select monitor_id as "monitorId", sum(ok) as ok, sum(failed) as failed, sum(missed) as missed,
         sum(total_ms) / nullif(sum(ok), 0) as "averageMs",
         sum(coalesce(ok_s, ok * interval_s))::float8
           / nullif(sum(coalesce(ok_s, ok * interval_s)) + sum(coalesce(failed_s, failed * interval_s)), 0) as uptime
       from probe_hour join monitor on monitor.id = monitor_id where monitor_id = any ($1) and hour >= date_trunc('hour', $2::timestamptz, 'UTC')
       group by monitor_id`,
      [monitorIds, since],
    )
    return new Map(rows.map(({ monitorId, ...tally }) => [monitorId, tally]))
  },

  /**
   * Counts the slots in [from, to) of everything that is watched as missed, but for each monitor's last one where the next lies after
   * `until`: that one is still looked at. Of a gap longer than two days only the last two.
   */
  countMissed: async (from: Date, to: Date, until: Date): Promise<void> => {
    const end = Math.ceil(to.getTime() / 1000)
    await db.query(
      `insert into probe_hour as kept (monitor_id, hour, missed)
       select id, to_timestamp(hour), slots - still_looked_at
       from (
         select id, interval_s, slot_hash % interval_s as phase,
           greatest($1::bigint, ceil(extract(epoch from active_since))::bigint) as since
         from monitor where paused_at is null
       ) watched
       cross join generate_series($1::bigint - $1::bigint % 3600, $2::bigint - 1, 3600) as hour
       cross join lateral (
         select greatest(since, hour) as first, least($2::bigint, hour + 3600) as past,
           $2::bigint - 1 - ($2::bigint - 1 - phase) % interval_s as newest
       ) edges
       cross join lateral (
         select (past - 1 - phase) / interval_s - (first - 1 - phase) / interval_s as slots,
           case when newest >= first and newest < past and newest + interval_s > $3::bigint then 1 else 0 end as still_looked_at
       ) counted
       where first < past and slots > still_looked_at
       order by 1, 2
       on conflict (monitor_id, hour) do update set missed = kept.missed + excluded.missed`,
      [Math.max(Math.ceil(from.getTime() / 1000), end - longestGapS), end, Math.ceil(until.getTime() / 1000)],
    )
  },

  /** Monitor by monitor, for the key begins with it: the table of a year is not read through. */
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
