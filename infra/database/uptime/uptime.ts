import type { Postgres } from '../connect.ts'
import { isFailed, isOk, isUnknown, msOf } from './packed-result.ts'
import { daySumsJob } from './probe-days.ts'
import { type SlotSums, slotSums } from './slot-sums.ts'

/** A range of time, [from, to). */
export interface UptimeWindow {
  from: Date
  to: Date
}

/** How a monitor was in a window. */
export interface MonitorUptime extends SlotSums {
  /**
   * The part of the checked time that was good, from 0 to 1: okS / (okS + failedS). Null without checks. Time without a
   * conclusion, maintenance and pauses do not count.
   */
  uptime: number | null
  /** The average total time of the good checks, milliseconds; null without good checks. */
  averageMs: number | null
}

/** The sums of a monitor and a day. */
export interface DayUptime extends MonitorUptime {
  monitorId: number
  /** YYYY-MM-DD */
  day: string
  /** The longest total time of a good check, milliseconds; null without good checks. */
  maxMs: number | null
}

const sums = slotSums.filter(({ property }) => property !== null)
const columns = slotSums.map(({ column }) => column).join(', ')
const ofHours = slotSums.map(({ ofHour }) => ofHour).join(', ')
const selected = slotSums.map(({ column, property, sum }) => `${sum}(${column}) as "${property ?? 'maxMs'}"`).join(', ')

/** SQL: the values of `columns` for a row of `probe_slot`, to subtract them from those of its hour. */
const minusSlot = `
  -(weight_s > 0 and ${isOk})::integer, -(weight_s > 0 and ${isFailed})::integer,
  -(weight_s > 0 and ${isUnknown})::integer, -(weight_s < 0)::integer,
  case when ${isOk} then -greatest(0, weight_s) else 0 end, case when ${isFailed} then -greatest(0, weight_s) else 0 end,
  case when ${isUnknown} then -greatest(0, weight_s) else 0 end, least(0, weight_s),
  0, case when weight_s > 0 and ${isOk} then -coalesce(${msOf('total')}, 0) else 0 end, null::real`

/** SQL: the first day without sums. Before it, days have sums in `probe_day`. */
export const firstWithoutSums = `coalesce((select reached from cursor where job = '${daySumsJob}'), '-infinity')`

/** SQL: a slot was due in [from, to), which lies in one hour. The second condition is for the index. */
const dueIn = (from: string, to: string) =>
  `due_at >= ${from} and due_at < ${to}
   and ms_of_day(due_at) between ms_of_day(${from}) and ms_of_day(${to} - interval '1 millisecond')`

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const floor = (instant: Date, unitMs: number) => new Date(Math.floor(instant.getTime() / unitMs) * unitMs)
const ceil = (instant: Date, unitMs: number) => new Date(Math.ceil(instant.getTime() / unitMs) * unitMs)

const withShares = <Sums extends SlotSums>(row: Sums) => ({
  ...row,
  uptime: row.okS + row.failedS === 0 ? null : row.okS / (row.okS + row.failedS),
  averageMs: row.ok === 0 ? null : row.totalMs / row.ok,
})

/** The figures of monitors over time, from the largest sums that fit: days, then hours, then single results. */
export const uptimeIn = (db: Postgres) => ({
  /**
   * The sums of each of these monitors in the window; a monitor without slots in it is absent. A slot belongs to the
   * window if it was due in it. Both edges of the window are exact for as long as the single results are kept (14 days,
   * see operations/retention.ts); an older edge begins at its full hour. `missed` then still counts the slots of the
   * whole hour in which the schedule did not run, because they have no results. Heartbeats have no slots, only seconds;
   * their edges begin at the full hour, too.
   */
  uptimeOf: async (monitorIds: readonly number[], { from, to }: UptimeWindow): Promise<Map<number, MonitorUptime>> => {
    const [firstHour, endHour] = [floor(from, hourMs), ceil(to, hourMs)]
    const [firstDay, lastDay] = [ceil(firstHour, dayMs), floor(to, dayMs)]
    const { rows } = await db.query<SlotSums & { monitorId: number }>(
      `with summed as (
         select greatest($6::timestamptz, least($7::timestamptz, ${firstWithoutSums})) as until
       ), part as (
         select monitor_id, ${columns} from probe_day
         where monitor_id = any ($1) and day >= ($6 at time zone 'UTC')::date
           and day < (select (until at time zone 'UTC')::date from summed)
         union all
         select monitor_id, ${ofHours} from probe_hour join monitor on monitor.id = monitor_id
         where monitor_id = any ($1) and hour >= $4 and hour < least($5, $6)
         union all
         select monitor_id, ${ofHours} from probe_hour join monitor on monitor.id = monitor_id
         where monitor_id = any ($1) and hour >= (select until from summed) and hour < $5
         union all
         select monitor_id, ${minusSlot} from probe_slot where monitor_id = any ($1) and ${dueIn('$4', '$2')}
         union all
         select monitor_id, ${minusSlot} from probe_slot where monitor_id = any ($1) and ${dueIn('$3', '$5')}
       )
       select monitor_id as "monitorId", ${sums.map(({ column, property }) => `sum(${column}) as "${property}"`).join(', ')}
       from part group by monitor_id
       having sum(ok + failed + missed + maintenance) > 0 or sum(ok_s + failed_s + missed_s + maintenance_s) > 0`,
      [monitorIds, from, to, firstHour, endHour, firstDay, lastDay],
    )
    return new Map(rows.map(({ monitorId, ...sums }) => [monitorId, withShares(sums)]))
  },

  /**
   * The sums of each of these monitors by day, from the day `from` (YYYY-MM-DD) to before the day `to`. Days without
   * slots are absent. The days in UTC are kept for ever; in another zone there are those of the last 400 days. A day of
   * a zone has its 23, 24 or 25 hours; an hour belongs to the day in which it begins.
   */
  daysOf: async (monitorIds: readonly number[], from: string, to: string, zone = 'UTC'): Promise<DayUptime[]> =>
    (
      await db.query<SlotSums & { monitorId: number; day: string; maxMs: number | null }>(
        `with edge as (
           select case when $4 = 'UTC' then ${firstWithoutSums} else '-infinity' end as until,
             $2::date::timestamp at time zone $4 as from_hour, $3::date::timestamp at time zone $4 as to_hour
         ), part as (
           select monitor_id, day, ${columns} from probe_day cross join edge
           where monitor_id = any ($1) and day >= $2::date and day < least($3::date, (until at time zone 'UTC')::date)
           union all
           select monitor_id, (hour at time zone $4)::date, ${ofHours}
           from probe_hour join monitor on monitor.id = monitor_id cross join edge
           where monitor_id = any ($1) and hour >= greatest(until, from_hour) and hour < to_hour
         )
         select monitor_id as "monitorId", day, ${selected} from part
         group by monitor_id, day order by monitor_id, day`,
        [monitorIds, from, to, zone],
      )
    ).rows.map(withShares),
})

export type Uptime = ReturnType<typeof uptimeIn>
