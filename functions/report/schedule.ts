import type { Schedule } from '#database/reports/report-settings.ts'
import { knownZone } from '#functions/wording/dates.ts'

const hourMs = 3_600_000

const zoned = (instant: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(knownZone(zone))

/**
 * The instant of the schedule's hour on the day of `local`. An hour that clocks leave out becomes the next hour; of an
 * hour that comes twice the first counts.
 */
const atHour = (local: Temporal.PlainDate, hour: number, zone: string) =>
  local.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from({ hour }) })

const asDate = (instant: Temporal.ZonedDateTime) => new Date(instant.epochMilliseconds)

/** The last time up to and including `now` at which a report was due. */
export const lastDue = (schedule: Schedule, zone: string, now: Date): Date => dueFrom(schedule, zone, now, -1)

/** The first time after `now` at which a report is due. */
export const nextDue = (schedule: Schedule, zone: string, now: Date): Date => dueFrom(schedule, zone, now, 1)

const dueFrom = ({ frequency, weekday, hour }: Schedule, zone: string, now: Date, step: 1 | -1): Date => {
  const present = zoned(now, zone)
  let day = present.toPlainDate()
  for (;;) {
    if (frequency !== 'weekly' || day.dayOfWeek === weekday) {
      const due = atHour(day, hour, present.timeZoneId)
      const isPast = due.epochMilliseconds <= now.getTime()
      if (isPast === step < 0) return asDate(due)
    }
    day = day.add({ days: step })
  }
}

/** A span of time, both ends at the beginning of an hour in UTC, because results are kept as hourly sums. */
export interface Period {
  from: Date
  to: Date
}

const floorHour = (instant: Date) => new Date(Math.floor(instant.getTime() / hourMs) * hourMs)

/**
 * The period of a report that is due at `until`: the day or the week before it, by the calendar of the chat's zone. The
 * periods of two reports in a row touch, also when clocks change. In a zone with half hours it begins and ends up to
 * 45 minutes earlier.
 */
export const periodUntil = (until: Date, frequency: 'daily' | 'weekly', zone: string): Period => {
  const from = zoned(until, zone).subtract({ days: frequency === 'weekly' ? 7 : 1 })
  return { from: floorHour(asDate(from)), to: floorHour(until) }
}
