const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const
const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

interface Field {
  min: number
  max: number
  /** The names that stand for numbers, from `min` on. */
  names?: readonly string[]
}

const fields = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  day: { min: 1, max: 31 },
  month: { min: 1, max: 12, names: monthNames },
  // Cron calls Sunday 0 and 7.
  weekday: { min: 0, max: 7, names: dayNames },
} as const satisfies Record<string, Field>

/** The values of a field of cron; null for a form that RFC 5545 does not have, such as `L` or `#`. */
const valuesOf = (text: string, { min, max, names = [] }: Field): number[] | null => {
  const numberOf = (word: string): number => {
    const named = names.indexOf(word.toUpperCase())
    return named >= 0 ? named + min : /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN
  }
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const [, range = '', stepText = '1'] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(item) ?? []
    const [first, last] = range === '*' ? [min, max] : range.split('-').map(numberOf)
    const step = Number(stepText)
    const end = last ?? (item.includes('/') ? max : first)
    if (first === undefined || end === undefined || !(first >= min && end <= max && first <= end && step > 0))
      return null
    for (let value = first; value <= end; value += step) values.add(value)
  }
  return [...values].toSorted((one, other) => one - other)
}

/**
 * A schedule of cron (five fields) as a rule of iCalendar (RFC 5545), for an event that begins at one of its times.
 * Null if no single rule has the same times: for the forms `L`, `W` and `#`, and if both the day of the month and the
 * weekday are limited, because cron then takes the days of either.
 */
export const ruleOfCron = (cron: string): string | null => {
  const [minute = '', hour = '', day = '', month = '', weekday = '', ...rest] = cron.trim().split(/\s+/)
  const minutes = valuesOf(minute, fields.minute)
  const hours = valuesOf(hour, fields.hour)
  const days = valuesOf(day, fields.day)
  const months = valuesOf(month, fields.month)
  const onWeekdays = valuesOf(weekday, fields.weekday)
  if (minutes === null || hours === null || days === null || months === null || onWeekdays === null || rest.length > 0)
    return null
  const isEveryDay = days.length === 31
  const weekdayNames = [...new Set(onWeekdays.map(value => value % 7))].map(value => weekdays[value]!)
  const isEveryWeekday = weekdayNames.length === 7
  if (!isEveryDay && !isEveryWeekday) return null
  return [
    isEveryDay && isEveryWeekday ? 'FREQ=DAILY' : isEveryDay ? 'FREQ=WEEKLY' : 'FREQ=MONTHLY',
    ...(months.length < 12 ? [`BYMONTH=${months.join(',')}`] : []),
    ...(isEveryDay ? [] : [`BYMONTHDAY=${days.join(',')}`]),
    ...(isEveryWeekday ? [] : [`BYDAY=${weekdayNames.join(',')}`]),
    `BYHOUR=${hours.join(',')}`,
    `BYMINUTE=${minutes.join(',')}`,
  ].join(';')
}

/** Whether the clocks in the zone show a time of the schedule then. They do not if they skip that time. */
export const isOnSchedule = (cron: string, zone: string, at: Date): boolean => {
  const [minute = '', hour = ''] = cron.trim().split(/\s+/)
  const shown = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
  return (
    valuesOf(minute, fields.minute)?.includes(shown.minute) === true &&
    valuesOf(hour, fields.hour)?.includes(shown.hour) === true
  )
}

const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0')

/** An offset from UTC as iCalendar writes it: `-0300`. */
const offsetText = (nanoseconds: number): string => {
  const minutes = Math.round(nanoseconds / 60e9)
  return `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}${two(Math.abs(minutes) % 60)}`
}

const localText = (time: Temporal.PlainDateTime): string =>
  `${String(time.year).padStart(4, '0')}${two(time.month)}${two(time.day)}T${two(time.hour)}${two(time.minute)}${two(time.second)}`

/** How far ahead a calendar knows the changes of the clocks. A program that reads it again gets the later ones. */
const knownYears = 5

/** The component VTIMEZONE of a zone with the changes of its clocks from a year before `now` on. */
export const timeZoneComponent = (zone: string, now: Date): string => {
  const start = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).subtract({ years: 1 })
  const end = start.add({ years: knownYears + 1 })
  const first = {
    name: 'STANDARD',
    begin: '19700101T000000',
    from: start.offsetNanoseconds,
    to: start.offsetNanoseconds,
  }
  const parts = [first]
  for (let at = start.getTimeZoneTransition('next'); at !== null && Temporal.ZonedDateTime.compare(at, end) < 0; ) {
    const from = parts.at(-1)!.to
    const to = at.offsetNanoseconds
    const before = at.toInstant().toZonedDateTimeISO('UTC').toPlainDateTime().add({ nanoseconds: from })
    parts.push({ name: to > from ? 'DAYLIGHT' : 'STANDARD', begin: localText(before), from, to })
    at = at.getTimeZoneTransition('next')
  }
  return [
    'BEGIN:VTIMEZONE',
    `TZID:${zone}`,
    ...parts.flatMap(({ name, begin, from, to }) => [
      `BEGIN:${name}`,
      `DTSTART:${begin}`,
      `TZOFFSETFROM:${offsetText(from)}`,
      `TZOFFSETTO:${offsetText(to)}`,
      `END:${name}`,
    ]),
    'END:VTIMEZONE',
  ].join('\r\n')
}
