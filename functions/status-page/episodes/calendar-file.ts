import ical, { ICalCalendarMethod, ICalEventStatus, ICalEventTransparency } from 'ical-generator'
import type { Language } from '#database/chats/language.ts'
import type { CalendarEntry } from '#database/series/episode-calendars.ts'
import { html, plain } from '#functions/telegram/html.ts'
import { episodeName, sayEpisode } from '#functions/wording/series.ts'

const texts = {
  'pt-BR': {
    name: 'Séries',
    premieres: 'Estreias',
    credit: 'Os dados das séries vêm do TVmaze (CC BY-SA 4.0): https://www.tvmaze.com',
    cancelled: { undated: 'Adiado, sem nova data', removed: 'Cancelado' },
  },
  en: {
    name: 'Series',
    premieres: 'Premieres',
    credit: 'Series data comes from TVmaze (CC BY-SA 4.0): https://www.tvmaze.com',
    cancelled: { undated: 'Postponed, no new date', removed: 'Cancelled' },
  },
} satisfies Record<Language, unknown>

const clean = (text: string) => plain(html`${text}`)

/**
 * The entries as a file for calendar programs. An episode whose hour is not known is an event of the whole day. Times
 * are in UTC; a calendar program shows them in its own zone. The same entries are the same file.
 */
export const calendarFile = (
  entries: readonly CalendarEntry[],
  { language, premieresOnly }: { language: Language; premieresOnly: boolean },
): string => {
  const words = texts[language]
  const calendar = ical({
    name: premieresOnly ? words.premieres : words.name,
    description: words.credit,
    prodId: { company: 'Vigia', product: 'Vigia', language: language === 'en' ? 'EN' : 'PT' },
    method: ICalCalendarMethod.PUBLISH,
    ttl: 3_600,
  })
  for (const entry of entries) {
    if (premieresOnly && entry.number !== 1) continue
    const { uid, show, at, date, minutes, state, sequence, changedAt } = entry
    const start = new Date(at ?? `${date}T00:00:00Z`)
    const name = episodeName(entry)
    calendar.createEvent({
      id: uid,
      sequence,
      stamp: new Date(changedAt),
      lastModified: new Date(changedAt),
      start,
      // Without a length, the event ends when it begins.
      end: at === null || minutes === null ? null : new Date(start.getTime() + minutes * 60_000),
      allDay: at === null,
      summary: clean(
        [
          ...(state === 'planned' ? [] : [`${words.cancelled[state]}:`]),
          (language === 'pt-BR' && show.namePt) || show.name,
          sayEpisode(entry, language),
          ...(name === null ? [] : [`“${name}”`]),
        ].join(' '),
      ),
      url: show.url,
      status: state === 'planned' ? ICalEventStatus.CONFIRMED : ICalEventStatus.CANCELLED,
      // Nobody is busy because an episode comes out.
      transparency: ICalEventTransparency.TRANSPARENT,
    })
  }
  return calendar.toString()
}
