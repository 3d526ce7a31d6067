import { hasStarted, latenessS } from '../uptime/packed-result.ts'
import { slotSums } from '../uptime/slot-sums.ts'
import { firstWithoutSums } from '../uptime/uptime.ts'
import type { ImpactSums, PageSums, SumUnit } from './page-reading.ts'

/** The sums of one monitor as they are read: its id, the beginning of the hour or day, and the numbers of PageSums. */
export type SumRow = [
  monitorId: number,
  at: number,
  upS: number,
  downS: number,
  unknownS: number,
  maintenanceS: number,
  ok: number,
  totalMs: number,
]

const shown = ['ok_s', 'failed_s', 'missed_s', 'maintenance_s', 'ok', 'total_ms'].map(
  column => slotSums.find(sum => sum.column === column)!,
)
const columns = shown.map(({ column }) => column).join(', ')

/** SQL: the sums of the hours in [from, to] of the row `component` (monitor_id, zone), as the chat counts uptime. */
const ofHours = (at: string, from: string, to: string) => `
  select ${at} as at, ${shown.map(({ column, ofHour, sum }) => `${sum}(${ofHour}) as ${column}`).join(', ')}
  from probe_hour join monitor on monitor.id = probe_hour.monitor_id
  where probe_hour.monitor_id = component.monitor_id and hour >= ${from} and hour <= ${to} group by 1`

/** SQL: the sums of the row `component` (monitor_id, zone) in [from, to]. Days in UTC have sums of their own. */
const inUnit: Record<SumUnit, (from: string, to: string) => string> = {
  hour: (from, to) => ofHours('hour', from, to),
  day: (from, to) => ofHours(`date_trunc('day', hour, component.zone)`, from, to),
  'utc day': (from, to) => `
    select day::timestamp at time zone 'UTC' as at, ${columns} from probe_day
    where probe_day.monitor_id = component.monitor_id and day >= (${from} at time zone 'UTC')::date
      and day < (${firstWithoutSums} at time zone 'UTC')::date
    union all ${ofHours(`date_trunc('day', hour, 'UTC')`, `greatest(${from}, ${firstWithoutSums})`, to)}`,
}

/** SQL: `SumRow[]` as JSON, of the rows `component` in [from, to] (timestamptz), in the order of time. */
export const sumsSql = (unit: SumUnit, from: string, to: string): string => `
  select coalesce(json_agg(json_build_array(component.monitor_id, extract(epoch from part.at)::bigint,
    ok_s, failed_s, missed_s, maintenance_s, ok, round(total_ms)) order by part.at), '[]')
  from component cross join lateral (${inUnit[unit](from, to)}) part`

/**
 * SQL: `SumRow[]` as JSON, of all rows `component` together in [from, to]; the id of the monitor is 0. A period begins
 * at an hour of the first three days, so these days have a row for each hour. The later ones are read from the sums of
 * days in UTC, because a page can have thousands of monitors.
 */
export const sumsTogetherSql = (from: string, to: string): string => {
  const daysFrom = `(date_trunc('day', ${from}, 'UTC') + interval '3 days')`
  const hours = (condition: string) => `
    select hour as at, ${shown.map(({ column, ofHour }) => `${ofHour} as ${column}`).join(', ')}
    from component join monitor on monitor.id = component.monitor_id
    join probe_hour on probe_hour.monitor_id = component.monitor_id where ${condition}`
  return `
    select coalesce(json_agg(json_build_array(0, extract(epoch from part.at)::bigint,
      ok_s, failed_s, missed_s, maintenance_s, ok, round(total_ms)) order by part.at), '[]')
    from (
      select at, ${shown.map(({ column }) => `sum(${column}) as ${column}`).join(', ')} from (
        ${hours(`hour >= ${from} and hour < ${daysFrom} and hour <= ${to}`)}
        union all ${hours(`hour >= greatest(${daysFrom}, ${firstWithoutSums}) and hour <= ${to}`)}
        union all
        select day::timestamp at time zone 'UTC', ${columns} from component
        join probe_day on probe_day.monitor_id = component.monitor_id
        where day >= (${daysFrom} at time zone 'UTC')::date and day < (${firstWithoutSums} at time zone 'UTC')::date
      ) single group by at
    ) part`
}

/** What posts change in an hour of one monitor: its id, the hour, and the numbers of ImpactSums. */
export type ImpactRow = [monitorId: number, at: number, degradedS: number, partialS: number, downS: number]

/** SQL: `ImpactRow[]` as JSON, of the rows `impact`. */
export const impactRows = `coalesce(json_agg(json_build_array(impact.monitor_id, extract(epoch from impact.hour)::bigint,
  degraded_s, partial_s, down_s) order by impact.hour), '[]')`

/** SQL: `ImpactRow[]` as JSON, of the rows `component` of the row `page` in the hours since then. */
export const impactsSql = (since: string): string => `
  select ${impactRows} from component join page_impact_hour impact on impact.monitor_id = component.monitor_id
  where impact.page_id = page.id and impact.hour >= ${since}`

/** SQL: how late the checks of the row `component` (monitor_id) of the last 24 hours before `to` began. */
export const latenessSql = (to: string): string => `
  select json_build_object('halfMs', round(percentile_disc(0.5) within group (order by late.ms)),
    'mostMs', round(percentile_disc(0.99) within group (order by late.ms)))
  from (
    select 1000 * ${latenessS} as ms from component join probe_slot on probe_slot.monitor_id = component.monitor_id
    where due_at > ${to} - interval '1 day' and due_at <= ${to} and ${hasStarted}
  ) late having count(*) > 0`

export const sumsIn = ([, at, upS, downS, unknownS, maintenanceS, ok, totalMs]: SumRow): PageSums => ({
  ...{ at, upS, downS, unknownS, maintenanceS, ok, totalMs },
})

/** The sums by monitor. */
export const sumsByMonitor = (rows: readonly SumRow[]): Map<number, PageSums[]> => {
  const byMonitor = new Map<number, PageSums[]>()
  for (const row of rows) {
    const sums = byMonitor.get(row[0]) ?? []
    if (sums.length === 0) byMonitor.set(row[0], sums)
    sums.push(sumsIn(row))
  }
  return byMonitor
}

/** The impacts by monitor. The hours that have sums replace the same hours of `recent`. */
export const impactsByMonitor = (
  summed: readonly ImpactRow[],
  recent: readonly ImpactRow[],
): Map<number, ImpactSums[]> => {
  const byHour = new Map([...recent, ...summed].map(row => [`${row[0]}/${row[1]}`, row]))
  const byMonitor = new Map<number, ImpactSums[]>()
  for (const [monitorId, at, degradedS, partialS, downS] of byHour.values()) {
    const impacts = byMonitor.get(monitorId) ?? []
    if (impacts.length === 0) byMonitor.set(monitorId, impacts)
    impacts.push({ at, degradedS, partialS, downS })
  }
  return byMonitor
}
