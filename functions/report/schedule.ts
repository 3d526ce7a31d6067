import type { Schedule } from '#database/reports/report-settings.ts'
import { knownZone } from '#functions/wording/dates.ts'

const hourMs = 3_600_000

const zoned = (instant: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(knownZone(zone))

/**
 * The instant at which the clocks of `zone` show `hour` on the day `local`. If clocks skip this hour on that day, it is
 * the end of the skipped time. If clocks show this hour twice, it is the first time.
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

/**
 * A span of time. `from` and `to` are beginnings of hours in UTC, because results are kept as hourly sums. Only in a
 * report that a person requested, `to` is the time of the request.
 */
export interface Period {
  from: Date
  to: Date
}

const floorHour = (instant: Date) => new Date(Math.floor(instant.getTime() / hourMs) * hourMs)

/**
 * The period of the report that is due at `dueAt`. It begins when the report before it was due, so that every hour is
 * in exactly one report, also where clocks skip or repeat an hour. In a zone whose offset from UTC is not in whole
 * hours, the period begins and ends up to 45 minutes earlier.
 */
export const periodOfDue = (dueAt: Date, schedule: Schedule, zone: string): Period => ({
  from: floorHour(lastDue(schedule, zone, new Date(dueAt.getTime() - 1))),
  to: floorHour(dueAt),
})

/** The period of a report that a person requests: the day or the week before `until`, by the calendar of the zone. */
export const periodUntil = (until: Date, frequency: 'daily' | 'weekly', zone: string): Period => {
  const from = zoned(until, zone).subtract({ days: frequency === 'weekly' ? 7 : 1 })
  return { from: floorHour(asDate(from)), to: floorHour(until) }
}
