import type { Language } from '#database/chats/language.ts'
import { dayOf, instantOf } from '#functions/wording/dates.ts'
import { folded } from '#functions/wording/fold.ts'
import { weekdayNamed } from '../weekdays.ts'

/** When maintenance begins: once, or again and again by cron in the zone of the chat. */
export type Start = { startsAt: Date } | { cron: string }

/** A start in a text, and the other words; or why there is none. `time`: the text has a day without a time. */
export type PlannedTime = { start: Start; rest: string } | { refused: 'time' | 'past' } | null

interface Reader {
  language: Language
  zone: string
  now: Date
}

interface Clock {
  hour: number
  minute: number
}

/** A part of a text, and how many words it has. */
type Found<Part> = { part: Part; count: number } | null

const leads = new Set('em no na o os on at a as de da do from the'.split(' '))
const everyWords = new Set('toda todo todas todos cada every each'.split(' '))
const dayWords = new Set('dia dias day noite noites night madrugada madrugadas'.split(' '))
const months = [
  'janeiro jan january',
  'fevereiro fev february feb',
  'marco mar march',
  'abril abr april apr',
  'maio mai may',
  'junho jun june',
  'julho jul july',
  'agosto ago august aug',
  'setembro set september sep sept',
  'outubro out october oct',
  'novembro nov november',
  'dezembro dez december dec',
]
const monthNamed = (word: string) => months.findIndex(names => names.split(' ').includes(word)) + 1
/** The time of `hoje à noite` and `tonight`. */
const tonight: Clock = { hour: 22, minute: 0 }

/**
 * Finds when maintenance begins: `amanhã 22:00 2h`, `tomorrow 10pm 2h`, `toda terça às 3h 1h Loja`, `24/12 22:00 2h`,
 * `0 3 * * 2 1h`. Null if the text has no start, so that maintenance begins now.
 */
export const plannedTime = (text: string, reader: Reader): PlannedTime => {
  const typed = text.trim().split(/\s+/)
  const words = typed.map(word => folded(word).replace(/[,;.!]+$/, ''))
  for (let at = 0; at < words.length; at++) {
    const found = startAt(words, at, reader)
    if (found === null) continue
    const { part } = found
    if ('refused' in part) return part
    return { start: part, rest: [...typed.slice(0, at), ...typed.slice(at + found.count)].join(' ') }
  }
  return null
}

const startAt = (words: readonly string[], at: number, reader: Reader): Found<Start | { refused: 'time' | 'past' }> => {
  const cron = cronAt(words, at)
  if (cron !== null) return { part: { cron: cron.part }, count: cron.count }
  const first = leads.has(words[at] ?? '') ? at + 1 : at
  return repeatedAt(words, first, at) ?? onceAt(words, first, at, reader)
}

const cronField = /^[\d*][\d*,/-]*$|^(?:[a-z]{3}[,-]?)+$/

/** Five fields of cron, of which one at least is `*`, or any five after the word `cron`. */
const cronAt = (words: readonly string[], at: number): Found<string> => {
  const isNamed = words[at] === 'cron'
  const fields = words.slice(isNamed ? at + 1 : at, isNamed ? at + 6 : at + 5)
  const isCron =
    fields.length === 5 && fields.every(field => cronField.test(field)) && fields.some(field => /^\*/.test(field))
  return isNamed || isCron ? { part: fields.join(' '), count: fields.length + (isNamed ? 1 : 0) } : null
}

/** `toda terça às 3h`, `every day at 3am`. */
const repeatedAt = (words: readonly string[], first: number, at: number): ReturnType<typeof startAt> => {
  if (!everyWords.has(words[first] ?? '')) return null
  const next = leads.has(words[first + 1] ?? '') ? first + 2 : first + 1
  const weekday = weekdayNamed(words[next] ?? '')
  if (weekday === null && !dayWords.has(words[next] ?? '')) return null
  const clock = clockAt(words, next + 1)
  if (clock === null) return { part: { refused: 'time' }, count: 0 }
  const { hour, minute } = clock.part
  return {
    part: { cron: `${minute} ${hour} * * ${weekday === null ? '*' : weekday % 7}` },
    count: next + 1 - at + clock.count,
  }
}

/** A day with a time, or only a time such as `22:00`. */
const onceAt = (words: readonly string[], first: number, at: number, reader: Reader): ReturnType<typeof startAt> => {
  const { zone, now } = reader
  const today = Temporal.PlainDate.from(dayOf(now, zone))
  const instant = (date: Temporal.PlainDate, { hour, minute }: Clock) =>
    instantOf(date.toString(), `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`, zone)
  const night = tonightAt(words, first)
  const day = night === null ? dayAt(words, first, today, reader) : { part: today, count: night.count }
  if (day === null) {
    const clock = certainClockAt(words, at)
    if (clock === null) return isDate.test(words[first] ?? '') ? { part: { refused: 'time' }, count: 0 } : null
    const startsAt = instant(today, clock.part)
    // A time that is over today is meant for tomorrow.
    return {
      part: { startsAt: startsAt > now ? startsAt : instant(today.add({ days: 1 }), clock.part) },
      count: clock.count,
    }
  }
  const next = first + day.count
  const clock = night === null ? clockAt(words, next) : (certainClockAt(words, next) ?? { part: tonight, count: 0 })
  if (clock === null) return { part: { refused: 'time' }, count: 0 }
  const isOverToday = weekdayNamed(words[first]!) !== null && instant(day.part, clock.part) <= now
  const startsAt = instant(isOverToday ? day.part.add({ days: 7 }) : day.part, clock.part)
  return { part: startsAt > now ? { startsAt } : { refused: 'past' }, count: first - at + day.count + clock.count }
}

const tonightAt = (words: readonly string[], at: number): { count: number } | null => {
  if (words[at] === 'tonight') return { count: 1 }
  return words.slice(at, at + 3).join(' ') === 'hoje a noite' ? { count: 3 } : null
}

export const dayAt = (
  words: readonly string[],
  at: number,
  today: Temporal.PlainDate,
  reader: Reader,
): Found<Temporal.PlainDate> => {
  const word = words[at] ?? ''
  if (word === 'hoje' || word === 'today') return { part: today, count: 1 }
  if (word === 'amanha' || word === 'tomorrow') return { part: today.add({ days: 1 }), count: 1 }
  if (words.slice(at, at + 3).join(' ') === 'depois de amanha') return { part: today.add({ days: 2 }), count: 3 }
  const weekday = weekdayNamed(word)
  if (weekday !== null) return { part: today.add({ days: (weekday - today.dayOfWeek + 7) % 7 }), count: 1 }
  return dateAt(words, at, today, reader)
}

/** `2026-12-24`, `24/12`, `24 de dezembro`, `dec 24`; in English `12/24`. A date without a year is the next one. */
const dateAt = (
  words: readonly string[],
  at: number,
  today: Temporal.PlainDate,
  { language }: Reader,
): Found<Temporal.PlainDate> => {
  const word = words[at] ?? ''
  const [, isoYear, isoMonth, isoDay] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(word) ?? []
  if (isoYear !== undefined) return found(today, Number(isoDay), Number(isoMonth), Number(isoYear), 1)
  const [, one, other, year] = /^(\d{1,2})[/.](\d{1,2})(?:[/.](\d{4}))?$/.exec(word) ?? []
  if (one !== undefined) {
    const [day, month] = language === 'en' && Number(one) <= 12 ? [other, one] : [one, other]
    return found(today, Number(day), Number(month), year === undefined ? null : Number(year), 1)
  }
  const month = monthNamed(word)
  const dayAfter = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(words[at + 1] ?? '')?.[1]
  if (month > 0) return dayAfter === undefined ? null : found(today, Number(dayAfter), month, null, 2)
  const dayBefore = /^(\d{1,2})(?:st|nd|rd|th|º)?$/.exec(word)?.[1]
  const next = words[at + 1] === 'de' || words[at + 1] === 'of' ? at + 2 : at + 1
  const monthAfter = monthNamed(words[next] ?? '')
  return dayBefore === undefined || monthAfter === 0
    ? null
    : found(today, Number(dayBefore), monthAfter, null, next + 1 - at)
}

const found = (
  today: Temporal.PlainDate,
  day: number,
  month: number,
  year: number | null,
  count: number,
): Found<Temporal.PlainDate> => {
  try {
    const of = (inYear: number) => Temporal.PlainDate.from({ year: inYear, month, day }, { overflow: 'reject' })
    const thisYear = of(year ?? today.year)
    const isOver = year === null && Temporal.PlainDate.compare(thisYear, today) < 0
    return { part: isOver ? of(today.year + 1) : thisYear, count }
  } catch {
    return null
  }
}

const isDate = /^\d{1,4}[/.-]\d{1,2}(?:[/.-]\d{1,4})?$/

const halves: Record<string, 'am' | 'pm'> = { am: 'am', pm: 'pm', manha: 'am', tarde: 'pm', noite: 'pm', evening: 'pm' }

/** A time that cannot be a duration: `22:00`, `10pm`, `às 22h`. */
const certainClockAt = (words: readonly string[], at: number): Found<Clock> =>
  /:|\d[ap]m$/.test(words[at] ?? '') || /^(?:as|at)$/.test(words[at] ?? '') ? clockAt(words, at) : null

/** `22:00`, `22h`, `22h30`, `10pm`, `10 pm`, `às 22`, `10 da noite`, `meia-noite`, `noon`. */
export const clockAt = (words: readonly string[], at: number): Found<Clock> => {
  const start = leads.has(words[at] ?? '') ? at + 1 : at
  const word = words[start] ?? ''
  const lead = start - at
  if (word === 'meia-noite' || word === 'midnight') return { part: { hour: 0, minute: 0 }, count: lead + 1 }
  if (word === 'meio-dia' || word === 'noon') return { part: { hour: 12, minute: 0 }, count: lead + 1 }
  const [, hours, minutes = '0', own] = /^(\d{1,2})(?:[h:](\d{2})|h|hs)?(am|pm)?$/.exec(word) ?? []
  if (hours === undefined) return null
  const next = words[start + 1] === 'da' || words[start + 1] === 'in' ? start + 2 : start + 1
  const spoken = own === undefined ? halves[words[next] ?? ''] : undefined
  const half = own ?? spoken
  const isBare = /^\d+$/.test(word)
  if (isBare && half === undefined && lead === 0) return null
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half === 'pm' ? 12 : 0)
  if (hour > 23 || Number(minutes) > 59) return null
  return { part: { hour, minute: Number(minutes) }, count: lead + 1 + (spoken === undefined ? 0 : next - start) }
}
