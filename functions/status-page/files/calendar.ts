import ical, { ICalCalendarMethod, type ICalEventData } from 'ical-generator'
import type { ReadPage, ReadWindow } from '#database/pages/page-reading.ts'
import { nextStart } from '#functions/outages/next-start.ts'
import { html, plain } from '#functions/telegram/html.ts'
import { isZone } from '#functions/wording/dates.ts'
import { feedTexts } from '../file-texts.ts'
import type { Reader } from '../html/layout.ts'
import { isOnSchedule, ruleOfCron, timeZoneComponent } from './recurrence.ts'

const clean = (text: string) => plain(html`${text}`)

/** How many times of a schedule without a rule are in the calendar. */
const shownTimes = 10

const instant = (seconds: number) => new Date(seconds * 1000)

/**
 * The maintenance of a page as a calendar that a program reads again every hour. Maintenance that repeats is one event
 * with a rule from its next time on. If iCalendar has no rule for its schedule, its next times are single events.
 */
export const calendarOf = (page: ReadPage, { language, pageUrl, now }: Reader): string => {
  const texts = feedTexts[language]
  const calendar = ical({
    name: clean(texts.calendar(page.title)),
    prodId: { company: 'Vigia', product: 'Vigia', language: language === 'en' ? 'EN' : 'PT' },
    method: ICalCalendarMethod.PUBLISH,
    ttl: 3_600,
    timezone: { name: null, generator: zone => timeZoneComponent(zone, now) },
  })
  for (const window of page.windows)
    for (const times of timesOf(window, now)) {
      const { title, monitorId, group, startsAt } = window
      const name = monitorId === null ? group : page.components.find(component => component.id === monitorId)?.name
      calendar.createEvent({
        // The time of the entry itself. A fixed one, so that the same maintenance is the same file.
        stamp: instant(startsAt),
        summary: clean(title === '' ? texts.maintenance(name ?? page.title) : title),
        description: clean(name ?? page.title),
        url: pageUrl,
        ...times,
      })
    }
  return calendar.toString()
}

type Times = Pick<ICalEventData, 'id' | 'start' | 'end' | 'timezone' | 'repeating'>

/** The events of a window: one; if it is the next time of a schedule, the later times too. */
const timesOf = ({ id, startsAt, endsAt, repetition }: ReadWindow, now: Date): Times[] => {
  const single = { id: `maintenance-${id}@vigia`, start: instant(startsAt), end: instant(endsAt) }
  if (repetition === null || single.start <= now || !isZone(repetition.zone)) return [single]
  const { planId, cron, zone, durationS } = repetition
  const rule = isOnSchedule(cron, zone, single.start) ? ruleOfCron(cron) : null
  if (rule !== null) {
    const local = (at: Date) => Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
    const [start, end] = [local(single.start), local(single.end)]
    return [{ id: `maintenance-plan-${planId}@vigia`, start, end, timezone: zone, repeating: `RRULE:${rule}` }]
  }
  const later: Times[] = []
  for (let at = nextStart(repetition, single.start); at !== null && later.length < shownTimes - 1; ) {
    const end = new Date(at.getTime() + durationS * 1000)
    later.push({ id: `maintenance-plan-${planId}-${at.getTime() / 1000}@vigia`, start: at, end })
    at = nextStart(repetition, at)
  }
  return [single, ...later]
}
