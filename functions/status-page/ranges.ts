import type { PageSums, SumUnit } from '#database/pages/page-reading.ts'
import { knownZone } from '#functions/wording/dates.ts'

interface Range {
  unit: SumUnit
  /** The number of bars, and the units of each. */
  bars: number
  step: number
}

/** The periods that a visitor can choose. */
export const ranges = {
  '24h': { unit: 'hour', bars: 24, step: 1 },
  '7d': { unit: 'hour', bars: 28, step: 6 },
  '30d': { unit: 'day', bars: 30, step: 1 },
  '90d': { unit: 'day', bars: 90, step: 1 },
  '365d': { unit: 'utc day', bars: 73, step: 5 },
} as const satisfies Record<string, Range>

export type RangeName = keyof typeof ranges

export const usualRange: RangeName = '90d'

/** A part of a range: the sums of the slots that were due in [from, to), seconds since 1970. */
export interface Bar extends Omit<PageSums, 'at'> {
  from: number
  to: number
}

const hourS = 3600

/**
 * The limits of the bars, in seconds since 1970: the beginning of each bar, and the end of the last one. The last bar
 * has the present hour or day. Days are those of the zone, so a day may have 23 or 25 hours; in a year they are those
 * of UTC.
 */
export const limitsOf = (name: RangeName, zone: string, now: Date): number[] => {
  const { unit, bars, step } = ranges[name]
  const units = bars * step
  const places = Array.from({ length: bars + 1 }, (_, bar) => bar * step)
  if (unit === 'hour') {
    const end = (Math.floor(now.getTime() / 1000 / hourS) + 1) * hourS
    return places.map(place => end - (units - place) * hourS)
  }
  const dayZone = unit === 'day' ? knownZone(zone) : 'UTC'
  const tomorrow = Temporal.Instant.fromEpochMilliseconds(now.getTime())
    .toZonedDateTimeISO(dayZone)
    .toPlainDate()
    .add({ days: 1 })
  return places.map(
    place => tomorrow.subtract({ days: units - place }).toZonedDateTime(dayZone).epochMilliseconds / 1000,
  )
}

const nothing = { upS: 0, downS: 0, unknownS: 0, maintenanceS: 0, ok: 0, totalMs: 0 }

/** The sum of sums. */
export const total = (parts: readonly Omit<PageSums, 'at'>[]): Omit<PageSums, 'at'> => {
  const sum = { ...nothing }
  for (const part of parts) for (const name of Object.keys(nothing) as (keyof typeof nothing)[]) sum[name] += part[name]
  return sum
}

/** The bars between these limits, from sums in the order of their times. */
export const barsOf = (sums: readonly PageSums[], limits: readonly number[]): Bar[] =>
  limits.slice(0, -1).map((from, index) => {
    const to = limits[index + 1]!
    return { from, to, ...total(sums.filter(({ at }) => at >= from && at < to)) }
  })

/** The part of the checked time that was good, from 0 to 1; null without checks. */
export const uptimeOf = ({ upS, downS }: Pick<PageSums, 'upS' | 'downS'>): number | null =>
  upS + downS === 0 ? null : upS / (upS + downS)

/** What a bar shows. `empty`: there was no slot. */
export type BarState = 'up' | 'partial' | 'down' | 'maintenance' | 'unknown' | 'empty'

export const barState = ({ upS, downS, unknownS, maintenanceS }: Bar): BarState => {
  if (upS + downS === 0) return maintenanceS > 0 ? 'maintenance' : unknownS > 0 ? 'unknown' : 'empty'
  if (downS === 0) return 'up'
  return downS >= upS ? 'down' : 'partial'
}
