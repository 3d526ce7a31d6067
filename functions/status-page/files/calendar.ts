import ical, { ICalCalendarMethod } from 'ical-generator'
import type { ReadPage } from '#database/pages/page-reading.ts'
import { html, plain } from '#functions/telegram/html.ts'
import { feedTexts } from '../file-texts.ts'
import type { Reader } from '../html/layout.ts'

const clean = (text: string) => plain(html`${text}`)

/** The maintenance of a page as a calendar that a program reads again every hour. */
export const calendarOf = (page: ReadPage, { language, pageUrl }: Reader): string => {
  const texts = feedTexts[language]
  const calendar = ical({
    name: clean(texts.calendar(page.title)),
    prodId: { company: 'Vigia', product: 'Vigia', language: language === 'en' ? 'EN' : 'PT' },
    method: ICalCalendarMethod.PUBLISH,
    ttl: 3_600,
  })
  for (const { id, title, monitorId, group, startsAt, endsAt } of page.windows) {
    const name = monitorId === null ? group : page.components.find(component => component.id === monitorId)?.name
    calendar.createEvent({
      id: `maintenance-${id}@vigia`,
      // The time of the entry itself. A fixed one, so that the same maintenance is the same file.
      stamp: new Date(startsAt * 1000),
      start: new Date(startsAt * 1000),
      end: new Date(endsAt * 1000),
      summary: clean(title === '' ? texts.maintenance(name ?? page.title) : title),
      description: clean(name ?? page.title),
      url: pageUrl,
    })
  }
  return calendar.toString()
}
