import type { Language } from '#database/chats/language.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayClock, sayInstant, sayPeriod } from './dates.ts'
import { sayZoneTime } from './zone-names.ts'

// Times in messages. Telegram's apps show a tagged time in the language and the zone of whoever reads it. Apps that do
// not know the tag show the text inside, which is in the zone of the chat. A date without a time has no tag.

type Instant = string | Date
type Reader = { language: Language; zone: string }
type ReaderNow = Reader & { now: Date }

/** What the app shows of an instant: `w` the weekday, `D` the date, `t` hours and minutes. */
type TimeFormat = 'wDt' | 'wt' | 't'

const tagged = (instant: Instant, format: TimeFormat, text: string): Html => {
  const unixSeconds = Math.floor((instant instanceof Date ? instant : new Date(instant)).getTime() / 1000)
  return html`<tg-time unix="${unixSeconds}" format="${format}">${text}</tg-time>`
}

/** The day and time: `hoje · 22:00`. */
export const tellInstant = (instant: Instant, reader: ReaderNow): Html =>
  tagged(instant, 'wDt', sayInstant(instant, reader))

/** The day and time with the name of the zone: `hoje · 22:00 (horário de Brasília)`. */
export const tellInstantInZone = (instant: Instant, reader: ReaderNow): Html =>
  tagged(instant, 'wDt', `${sayInstant(instant, reader)} ${inBrackets(reader)}`)

/** Only the time: `22:00`. */
export const tellClock = (instant: Instant, reader: Reader): Html => tagged(instant, 't', sayClock(instant, reader))

/**
 * The time in a list by days: `22:00`. The app shows the weekday too, because the time may be on another day in the
 * zone of the reader.
 */
export const tellClockOfDay = (instant: Instant, reader: Reader): Html =>
  tagged(instant, 'wt', sayClock(instant, reader))

/**
 * The start and the end of a period: only the times if both are on the same day of the chat, else days and times.
 * `isOneMinute`: both texts are the same.
 */
export const tellPeriod = (start: Instant, end: Instant, reader: ReaderNow) => {
  const { from, to, sameDay } = sayPeriod(start, end, reader)
  const format = sameDay ? 't' : 'wDt'
  return { from: tagged(start, format, from), to: tagged(end, format, to), sameDay, isOneMinute: from === to }
}

/** A period with its day and the name of the zone: `hoje · 22:00 – 23:00 (horário de Brasília)`. */
export const tellWindow = (start: Instant, end: Instant, reader: ReaderNow): Html => {
  const { from, to, sameDay } = sayPeriod(start, end, reader)
  const first = tagged(start, 'wDt', sameDay ? sayInstant(start, reader) : from)
  return html`${first} – ${tagged(end, sameDay ? 't' : 'wDt', `${to} ${inBrackets(reader)}`)}`
}

const inBrackets = ({ zone, language }: Reader) => `(${sayZoneTime(zone, language)})`
