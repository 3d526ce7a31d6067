import type { Incident } from '#database/uptime/incidents.ts'
import type { HourSums } from '#database/uptime/probe-hours.ts'
import type { Period } from '#functions/report/schedule.ts'

/** The part of the checked time in which the site was up, from 0 to 1; null if no check had a conclusion. */
export type Uptime = number | null

export interface MonitorFigures {
  id: number
  name: string
  uptime: Uptime
  /** The average total time of the good checks, milliseconds; null without good checks. */
  averageMs: number | null
  /** The uptime of each part of the period, for the picture. */
  cells: Uptime[]
  isDown: boolean
}

/** An outage, cut to the period. */
export interface Outage {
  monitorId: number
  name: string
  from: Date
  /** null if it goes on after the period. */
  to: Date | null
  downMs: number
}

/** What happened to the monitors of a chat in a period. */
export interface UptimeFigures {
  /** The lowest uptime first, monitors without checks last. */
  monitors: MonitorFigures[]
  uptime: Uptime
  /** The oldest first. */
  outages: Outage[]
  /** The number of checks without a conclusion, because of a fault on our side: neither up nor down. */
  unknown: number
}

const hourMs = 3_600_000
/** A day is shown by the hour, a week in parts of six hours. */
const cellHours = (period: Period) => (period.to.getTime() - period.from.getTime() > 30 * hourMs ? 6 : 1)

/** The figures of these monitors. `hours` and `incidents` are those of the period. */
export const uptimeFigures = (
  monitors: readonly { id: number; name: string }[],
  hours: readonly HourSums[],
  incidents: readonly Incident[],
  period: Period,
): UptimeFigures => {
  const byMonitor = Map.groupBy(hours, ({ monitorId }) => monitorId)
  const names = new Map(monitors.map(({ id, name }) => [id, name]))
  const outages = incidents.map(incident => outageIn(incident, names.get(incident.monitorId) ?? '', period))
  const down = new Set(outages.filter(({ to }) => to === null).map(({ monitorId }) => monitorId))
  const figures = monitors.map(({ id, name }): MonitorFigures => {
    const own = byMonitor.get(id) ?? []
    const good = sum(own, ({ ok }) => ok)
    return {
      id,
      name,
      uptime: uptimeOf(own),
      averageMs: good === 0 ? null : sum(own, ({ totalMs }) => totalMs) / good,
      cells: cellsOf(own, period),
      isDown: down.has(id),
    }
  })
  return {
    // A stable sort: monitors with the same uptime stay in the order in which they were added.
    monitors: figures.sort((one, other) => (one.uptime ?? 2) - (other.uptime ?? 2)),
    uptime: uptimeOf(hours),
    outages,
    unknown: sum(hours, ({ missed }) => missed),
  }
}

const sum = <Item>(items: readonly Item[], value: (item: Item) => number) =>
  items.reduce((total, item) => total + value(item), 0)

/** The weight of each slot is the interval that the monitor had at the time of the slot, so the sums are in seconds. */
const uptimeOf = (hours: readonly HourSums[]): Uptime => {
  const good = sum(hours, ({ okS }) => okS)
  const all = good + sum(hours, ({ failedS }) => failedS)
  return all === 0 ? null : good / all
}

const cellsOf = (hours: readonly HourSums[], period: Period): Uptime[] => {
  const cellMs = cellHours(period) * hourMs
  const start = period.from.getTime()
  const byCell = Map.groupBy(hours, ({ hour }) => Math.floor((hour.getTime() - start) / cellMs))
  return Array.from({ length: Math.ceil((period.to.getTime() - start) / cellMs) }, (_, at) =>
    uptimeOf(byCell.get(at) ?? []),
  )
}

const outageIn = ({ monitorId, openedAt, closedAt }: Incident, name: string, { from, to }: Period): Outage => {
  const start = new Date(Math.max(openedAt.getTime(), from.getTime()))
  const end = closedAt === null || closedAt > to ? null : closedAt
  return { monitorId, name, from: start, to: end, downMs: (end ?? to).getTime() - start.getTime() }
}
