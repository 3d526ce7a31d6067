/**
 * Cron as Knative understands it (robfig/cron v3): five fields, or six with leading seconds; `?`, names, lists, ranges, steps,
 * `@hourly` and its like. No `@every`, no 7 for Sunday, no L, W, #. A pure rule: text in, instants out.
 */
export interface CronSchedule {
  /** The first instant after `after`, on a whole second; null when there is none within five years. */
  next(after: Date, timeZone: string): Date | null
}

/** The schedule, or what is wrong with it, in words. */
export const cron = (text: string): CronSchedule | { fault: string } => {
  try {
    return { next: nextOf(parse(text)) }
  } catch (error) {
    if (error instanceof CronFault) return { fault: error.message }
    throw error
  }
}

class CronFault extends Error {}

interface Field {
  name: string
  least: number
  most: number
  names?: string[]
}

const fields: Field[] = [
  { name: 'second', least: 0, most: 59 },
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  {
    name: 'month',
    least: 1,
    most: 12,
    names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', least: 0, most: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
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
  /** `*` or `?` without a step: the day fields are then ANDed, else ORed. */
  any: boolean
}

const parse = (text: string): Values[] => {
  if (/^(CRON_)?TZ=/.test(text)) throw new CronFault('the zone belongs in spec.timezone')
  if (text.startsWith('@') && !descriptors[text])
    throw new CronFault(`the descriptor is not known; use one of ${Object.keys(descriptors).join(', ')}`)
  const parts = (descriptors[text] ?? text).split(/\s+/).filter(part => part !== '')
  if (parts.length !== 5 && parts.length !== 6) throw new CronFault(`expected 5 to 6 fields, found ${parts.length}`)
  return (parts.length === 5 ? ['0', ...parts] : parts).map((part, index) => valuesOf(part, fields[index]!))
}

const valuesOf = (text: string, field: Field): Values => {
  const ranges = text.split(',').map(part => rangeOf(part, field))
  return { allowed: new Set(ranges.flatMap(({ values }) => values)), any: ranges.some(({ any }) => any) }
}

const rangeOf = (text: string, field: Field) => {
  const [range = '', step, ...more] = text.split('/')
  const [low = '', high, ...rest] = range.split('-')
  if (more.length > 0 || rest.length > 0) throw new CronFault(`"${text}" is not a valid ${field.name}`)
  const all = low === '*' || low === '?'
  if (all && high !== undefined) throw new CronFault(`"${text}" is not a valid ${field.name}`)
  const from = all ? field.least : numberOf(low, field)
  // `5/10` means `5-59/10`.
  const to = all || (high === undefined && step !== undefined) ? field.most : numberOf(high ?? low, field)
  const by = step === undefined ? 1 : numberOf(step, { ...field, name: 'step', names: [] })
  if (by === 0) throw new CronFault(`"${text}" has a step of 0`)
  if (from < field.least) throw new CronFault(`${field.name} ${from} is below ${field.least}`)
  if (to > field.most) throw new CronFault(`${field.name} ${to} is above ${field.most}`)
  if (from > to) throw new CronFault(`"${text}" ends before it begins`)
  const values = Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by)
  return { values, any: all && by === 1 }
}

const numberOf = (text: string, { name, names = [] }: Field) => {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase())
  if (named >= 0) return named
  if (!/^\d{1,9}$/.test(text)) throw new CronFault(`"${text}" is not a valid ${name}`)
  return Number(text)
}

const YEARS_AHEAD = 5

const nextOf =
  ([seconds, minutes, hours, days, months, weekdays]: Values[]): CronSchedule['next'] =>
  (after, timeZone) => {
    const isDay = (at: Temporal.ZonedDateTime) => {
      const ofMonth = days!.allowed.has(at.day)
      const ofWeek = weekdays!.allowed.has(at.dayOfWeek % 7)
      return days!.any || weekdays!.any ? ofMonth && ofWeek : ofMonth || ofWeek
    }
    let at = Temporal.Instant.fromEpochMilliseconds(
      Math.floor(after.getTime() / 1000) * 1000 + 1000,
    ).toZonedDateTimeISO(timeZone)
    const end = at.year + YEARS_AHEAD
    // Hours, minutes and seconds advance in real time: an hour that the clock skips is never met, a doubled one is met twice.
    while (at.year <= end) {
      if (!months!.allowed.has(at.month)) at = at.with({ day: 1 }).add({ months: 1 }).startOfDay()
      else if (!isDay(at)) at = at.add({ days: 1 }).startOfDay()
      else if (!hours!.allowed.has(at.hour)) at = at.add({ seconds: 3600 - at.minute * 60 - at.second })
      else if (!minutes!.allowed.has(at.minute)) at = at.add({ seconds: 60 - at.second })
      else if (!seconds!.allowed.has(at.second)) at = at.add({ seconds: 1 })
      else return new Date(at.epochMilliseconds)
    }
    return null
  }
