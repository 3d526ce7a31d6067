import type { Language } from '#database/chats/language.ts'
import { memoize } from '#functions/host/memoize.ts'

// Dates, times and durations as text for people. An instant is shown in an IANA zone. A date (`YYYY-MM-DD`) has no
// zone.

/** RFC 3339 text, or a Date. */
type Instant = string | Date

/** The zone used for a chat whose zone is missing in this machine's time zone data. New chats have this zone too. */
const defaultZone = 'America/Sao_Paulo'

/** Whether this machine's time zone data contain the IANA zone. */
export const isZone = memoize(zone => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}, 2_000)

/** The zone, or `America/Sao_Paulo` if this machine's time zone data do not contain it. */
export const knownZone = (zone: string): string => (isZone(zone) ? zone : defaultZone)

const temporalInstant = (instant: Instant) =>
  Temporal.Instant.fromEpochMilliseconds((instant instanceof Date ? instant : new Date(instant)).getTime())

/** The calendar day in `zone` at `instant`: `YYYY-MM-DD`. */
export const dayOf = (instant: Instant, zone: string): string =>
  temporalInstant(instant).toZonedDateTimeISO(knownZone(zone)).toPlainDate().toString()

/**
 * The instant of a local time (`HH:MM`) in a zone. A time that does not exist, because clocks are set forward at the
 * start of summer time, becomes one hour later. If a time occurs twice, the first one is used.
 */
export const instantOf = (date: string, clock: string, zone: string): Date =>
  new Date(Temporal.PlainDateTime.from(`${date}T${clock}`).toZonedDateTime(knownZone(zone)).epochMilliseconds)

const daysBetween = (from: string, to: string): number =>
  Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to), { largestUnit: 'days' }).days

const nearDays: Record<Language, Record<number, string>> = {
  'pt-BR': { [-1]: 'ontem', 0: 'hoje', 1: 'amanhã' },
  en: { [-1]: 'yesterday', 0: 'today', 1: 'tomorrow' },
}

// Formatters are kept, because making one takes tens of microseconds and the fan-out formats thousands of dates.
const formatters = new Map<string, Intl.DateTimeFormat>()
const formatter = (language: Language, options: Intl.DateTimeFormatOptions) => {
  const key = `${language} ${JSON.stringify(options)}`
  const made = formatters.get(key) ?? new Intl.DateTimeFormat(language, options)
  formatters.set(key, made)
  return made
}

/**
 * `ontem`, `hoje` or `amanhã`, else `sex., 20 nov` (in English `Fri, Nov 20`). The text contains the year if the date
 * is in another year and more than two months away. Without `today` the result is always a date.
 */
export const sayDate = (date: string, { language, today }: { language: Language; today?: string }): string => {
  const daysAway = today === undefined ? 0 : daysBetween(today, date)
  const word = today === undefined ? undefined : nearDays[language][daysAway]
  if (word !== undefined) return word
  const parts = formatter(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  }).formatToParts(Date.parse(`${date}T12:00:00Z`))
  const part = (type: string) => parts.find(each => each.type === type)?.value ?? ''
  const month = part('month').replace(/\.$/, '')
  const year = Math.abs(daysAway) > 62 && date.slice(0, 4) !== today?.slice(0, 4) ? part('year') : ''
  return language === 'pt-BR'
    ? `${part('weekday')}, ${part('day')} ${month}${year && ` ${year}`}`
    : `${part('weekday')}, ${month} ${part('day')}${year && `, ${year}`}`
}

type Reader = { language: Language; zone: string }

const clock = (instant: Instant, { language, zone }: Reader): string =>
  formatter(language, { timeStyle: 'short', timeZone: knownZone(zone) })
    .format(instant instanceof Date ? instant : new Date(instant))
    // ICU writes a narrow no-break space before AM and PM. Some phones show it as a box.
    .replace(/\u202f/g, ' ')

/** The zone's offset from UTC at that instant: `UTC-4`, `UTC+10:30`. */
const sayOffset = (instant: Instant, zone: string): string => {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)/.exec(
    temporalInstant(instant).toZonedDateTimeISO(knownZone(zone)).offset,
  )!
  return `UTC${sign}${Number(hours)}${minutes === '00' ? '' : `:${minutes}`}`
}

/** Whether the zone's clocks show this time twice, because they are set back (the end of summer time). */
const comesTwice = (instant: Instant, zone: string): boolean => {
  const shown = temporalInstant(instant).toZonedDateTimeISO(knownZone(zone)).toPlainDateTime()
  const [first, second] = (['earlier', 'later'] as const).map(disambiguation =>
    shown.toZonedDateTime(knownZone(zone), { disambiguation }),
  )
  return first!.epochMilliseconds !== second!.epochMilliseconds
}

/**
 * The local time in `zone`: `22:00`, in English `10:00 PM`. If the clocks show a time twice, the text contains the
 * offset too: `1:30 AM UTC-4`.
 */
export const sayClock = (instant: Instant, reader: Reader): string =>
  comesTwice(instant, reader.zone)
    ? `${clock(instant, reader)} ${sayOffset(instant, reader.zone)}`
    : clock(instant, reader)

type ReaderNow = Reader & { now: Date }

const sayDay = (instant: Instant, { language, zone, now }: ReaderNow) =>
  sayDate(dayOf(instant, zone), { language, today: dayOf(now, zone) })

/** The local day and time in `zone`: `hoje · 22:00`, `sex., 20 nov · 22:00`. */
export const sayInstant = (instant: Instant, reader: ReaderNow): string =>
  `${sayDay(instant, reader)} · ${sayClock(instant, reader)}`

/**
 * The start and the end of a period: only the times if both are on the same day, else days and times. If the clocks
 * change in between, both times have their offset from UTC, because their difference is then not the duration.
 */
export const sayPeriod = (
  start: Instant,
  end: Instant,
  reader: ReaderNow,
): { from: string; to: string; sameDay: boolean } => {
  const { zone } = reader
  const sameDay = dayOf(start, zone) === dayOf(end, zone)
  const offsetChanges = sayOffset(start, zone) !== sayOffset(end, zone)
  const isAmbiguous = comesTwice(start, zone) || comesTwice(end, zone)
  const [from, to] = [start, end].map(instant => {
    const localTime =
      offsetChanges || isAmbiguous ? `${clock(instant, reader)} ${sayOffset(instant, zone)}` : clock(instant, reader)
    return sameDay ? localTime : `${sayDay(instant, reader)} · ${localTime}`
  })
  return { from: from!, to: to!, sameDay }
}

const dayWords: Record<Language, [one: string, many: string]> = { 'pt-BR': ['dia', 'dias'], en: ['day', 'days'] }

/**
 * A duration as text, in its one or two largest units. Smaller units are left out. Examples: `40 s`, `7 min`,
 * `1 h 05 min`, `2 dias 3 h`.
 */
export const sayDuration = (ms: number, language: Language): string => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) {
    const rest = minutes % 60
    return rest === 0 ? `${hours} h` : `${hours} h ${String(rest).padStart(2, '0')} min`
  }
  const rest = hours % 24
  const days = Math.floor(hours / 24)
  const whole = `${days} ${dayWords[language][days === 1 ? 0 : 1]}`
  return rest === 0 ? whole : `${whole} ${rest} h`
}

/** The text with a capital first letter. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
