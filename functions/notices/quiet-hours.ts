import type { QuietHours } from '#database/series/notice-settings.ts'
import { knownZone } from '#functions/wording/dates.ts'

const zoned = (instant: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(knownZone(zone))

const timeOf = (minutes: number) => Temporal.PlainTime.from({ hour: Math.floor(minutes / 60), minute: minutes % 60 })

/**
 * The end of the quiet hours in which `at` is; null if `at` is not in quiet hours. The hours are those that the clocks
 * of the zone show. If clocks skip the end, the quiet hours end with the skipped time; if clocks show a time twice, it
 * is quiet both times, and the end is the first one after `at`.
 */
export const quietUntil = (quiet: QuietHours | null, at: Date, zone: string): Date | null => {
  if (quiet === null) return null
  const local = zoned(at, zone)
  const minutes = local.hour * 60 + local.minute
  const containsMidnight = quiet.from > quiet.to
  const isQuiet = containsMidnight
    ? minutes >= quiet.from || minutes < quiet.to
    : minutes >= quiet.from && minutes < quiet.to
  if (!isQuiet) return null
  const isTomorrow = containsMidnight && minutes >= quiet.from
  const day = local.toPlainDate().add({ days: isTomorrow ? 1 : 0 })
  const ends = (['earlier', 'later'] as const).map(disambiguation =>
    day.toPlainDateTime(timeOf(quiet.to)).toZonedDateTime(local.timeZoneId, { disambiguation }),
  )
  const end = ends.find(each => each.epochMilliseconds > at.getTime())
  return new Date((end ?? ends[1]!).epochMilliseconds)
}
