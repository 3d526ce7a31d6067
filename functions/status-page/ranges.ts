import type { ImpactSums, PageSums, SumUnit } from '#database/pages/page-reading.ts'
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

/**
 * The part of the time that counts as down while posts call a service affected, although its checks are good. The usual
 * weights of status pages.
 */
export const impactWeights = { degraded: 0, partial: 0.3, down: 1 } as const

/** Sums, with those parts of the good time in which posts called the service affected. */
export interface Sums extends Omit<PageSums, 'at'> {
  degradedImpactS: number
  partialImpactS: number
  downImpactS: number
}

/** A part of a range: the sums of the slots that were due in [from, to), seconds since 1970. */
export interface Bar extends Sums {
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

const nothing: Sums = {
  ...{ upS: 0, downS: 0, unknownS: 0, maintenanceS: 0, ok: 0, totalMs: 0 },
  ...{ degradedImpactS: 0, partialImpactS: 0, downImpactS: 0 },
}

/** The sum of sums. */
export const total = (parts: readonly Partial<Sums>[]): Sums => {
  const sum = { ...nothing }
  for (const part of parts) for (const name of Object.keys(nothing) as (keyof Sums)[]) sum[name] += part[name] ?? 0
  return sum
}

/** The bars of a component between these limits. */
export const barsOf = (
  { sums, impacts }: { sums: readonly PageSums[]; impacts: readonly ImpactSums[] },
  limits: readonly number[],
): Bar[] =>
  limits.slice(0, -1).map((from, index) => {
    const to = limits[index + 1]!
    const isInBar = ({ at }: { at: number }) => at >= from && at < to
    const affected = impacts.filter(isInBar).map(({ degradedS, partialS, downS }) => ({
      ...{ degradedImpactS: degradedS, partialImpactS: partialS, downImpactS: downS },
    }))
    return { from, to, ...total([...sums.filter(isInBar), ...affected]) }
  })

/** The good time that counts as down because of what posts said. */
const impactS = ({ upS, degradedImpactS, partialImpactS, downImpactS }: Sums): number =>
  Math.min(
    upS,
    degradedImpactS * impactWeights.degraded +
      partialImpactS * impactWeights.partial +
      downImpactS * impactWeights.down,
  )

/**
 * The part of the checked time that was good, from 0 to 1; null without checks. Time in which posts called the service
 * affected counts by its weight; failed checks count as down in any case.
 */
export const uptimeOf = (sums: Sums): number | null => {
  const { upS, downS } = sums
  return upS + downS === 0 ? null : (upS - impactS(sums)) / (upS + downS)
}

/** What a bar shows. `empty`: there was no slot. */
export type BarState = 'up' | 'partial' | 'down' | 'maintenance' | 'unknown' | 'empty'

export const barState = (bar: Bar): BarState => {
  const { downS, unknownS, maintenanceS, degradedImpactS, partialImpactS, downImpactS } = bar
  const uptime = uptimeOf(bar)
  if (uptime === null) return maintenanceS > 0 ? 'maintenance' : unknownS > 0 ? 'unknown' : 'empty'
  if (downS + degradedImpactS + partialImpactS + downImpactS === 0) return 'up'
  return uptime <= 0.5 ? 'down' : 'partial'
}
