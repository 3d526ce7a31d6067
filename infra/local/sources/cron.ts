/**
 * A cron schedule as Knative reads it (robfig/cron v3): five fields, or six when the first field is the seconds. `?`,
 * names, lists, ranges, steps and descriptors like `@hourly` are allowed; `@every`, 7 for Sunday, L, W and # are not.
 */
export interface CronSchedule {
  /** The first instant of the schedule after `after`, on a whole second; null when there is none within five years. */
  next(after: Date, timeZone: string): Date | null
}

/** The schedule, or why the text is not a valid schedule. */
export const cron = (text: string): CronSchedule | { error: string } => {
  try {
    return { next: nextOf(parse(text)) }
  } catch (error) {
    if (error instanceof CronError) return { error: error.message }
    throw error
  }
}

class CronError extends Error {}

interface Field {
  name: string
  minimum: number
  maximum: number
  /** Names of the values, by value: the index of a name is its value. */
  names?: string[]
}

const fields: Field[] = [
  { name: 'second', minimum: 0, maximum: 59 },
  { name: 'minute', minimum: 0, maximum: 59 },
  { name: 'hour', minimum: 0, maximum: 23 },
  { name: 'day of month', minimum: 1, maximum: 31 },
  {
    name: 'month',
    minimum: 1,
    maximum: 12,
    names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', minimum: 0, maximum: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]

const descriptors: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

interface Values {
  allowed: ReadonlySet<number>
  /**
   * Whether the field is `*` or `?` without a step above 1. This decides how the two day fields are combined; see
   * `isDay`.
   */
  isAny: boolean
}

const parse = (text: string): Values[] => {
  if (/^(CRON_)?TZ=/.test(text)) throw new CronError('the zone belongs in spec.timezone')
  if (text.startsWith('@') && !descriptors[text])
    throw new CronError(`the descriptor is not known; use one of ${Object.keys(descriptors).join(', ')}`)
  const parts = (descriptors[text] ?? text).split(/\s+/).filter(part => part !== '')
  if (parts.length !== 5 && parts.length !== 6) throw new CronError(`expected 5 to 6 fields, found ${parts.length}`)
  return (parts.length === 5 ? ['0', ...parts] : parts).map((part, index) => valuesOf(part, fields[index]!))
}

const valuesOf = (text: string, field: Field): Values => {
  const ranges = text.split(',').map(part => rangeOf(part, field))
  return { allowed: new Set(ranges.flatMap(({ values }) => values)), isAny: ranges.some(({ isAny }) => isAny) }
}

const rangeOf = (text: string, field: Field) => {
  const [range = '', step, ...more] = text.split('/')
  const [low = '', high, ...rest] = range.split('-')
  if (more.length > 0 || rest.length > 0) throw new CronError(`"${text}" is not a valid ${field.name}`)
  const isStar = low === '*' || low === '?'
  if (isStar && high !== undefined) throw new CronError(`"${text}" is not a valid ${field.name}`)
  const from = isStar ? field.minimum : numberOf(low, field)
  // `5/10` means `5-59/10`.
  const to = isStar || (high === undefined && step !== undefined) ? field.maximum : numberOf(high ?? low, field)
  const by = step === undefined ? 1 : numberOf(step, { ...field, name: 'step', names: [] })
  if (by === 0) throw new CronError(`"${text}" has a step of 0`)
  if (from < field.minimum) throw new CronError(`${field.name} ${from} is below ${field.minimum}`)
  if (to > field.maximum) throw new CronError(`${field.name} ${to} is above ${field.maximum}`)
  if (from > to) throw new CronError(`"${text}" ends before it begins`)
  const values = Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by)
  return { values, isAny: isStar && by === 1 }
}

const numberOf = (text: string, { name, names = [] }: Field) => {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase())
  if (named >= 0) return named
  if (!/^\d{1,9}$/.test(text)) throw new CronError(`"${text}" is not a valid ${name}`)
  return Number(text)
}

const maxYearsAhead = 5

/**
 * Whether a day matches. If one of the two day fields is `*` or `?`, the day must match both; otherwise it must match
 * one of them.
 */
const isDay = (at: Temporal.ZonedDateTime, days: Values, weekdays: Values): boolean => {
  const isDayOfMonth = days.allowed.has(at.day)
  const isDayOfWeek = weekdays.allowed.has(at.dayOfWeek % 7)
  return days.isAny || weekdays.isAny ? isDayOfMonth && isDayOfWeek : isDayOfMonth || isDayOfWeek
}

const nextOf =
  ([seconds, minutes, hours, days, months, weekdays]: Values[]): CronSchedule['next'] =>
  (after, timeZone) => {
    const nextSecond = Math.floor(after.getTime() / 1000) * 1000 + 1000
    let at = Temporal.Instant.fromEpochMilliseconds(nextSecond).toZonedDateTimeISO(timeZone)
    const lastYear = at.year + maxYearsAhead
    // Hours, minutes and seconds advance in elapsed time. So an hour that daylight saving time skips never matches, and
    // an hour that it repeats matches twice.
    while (at.year <= lastYear) {
      if (!months!.allowed.has(at.month)) at = at.with({ day: 1 }).add({ months: 1 }).startOfDay()
      else if (!isDay(at, days!, weekdays!)) at = at.add({ days: 1 }).startOfDay()
      else if (!hours!.allowed.has(at.hour)) at = at.add({ seconds: 3600 - at.minute * 60 - at.second })
      else if (!minutes!.allowed.has(at.minute)) at = at.add({ seconds: 60 - at.second })
      else if (!seconds!.allowed.has(at.second)) at = at.add({ seconds: 1 })
      else return new Date(at.epochMilliseconds)
    }
    return null
  }
