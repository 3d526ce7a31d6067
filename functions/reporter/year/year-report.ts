import type { ReportContent } from '#database/reports/reports.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import type { Seen } from '#database/series/seen.ts'
import type { Show } from '#database/series/show.ts'
import type { EventOf } from '#events/event.ts'
import type { ReportRequested } from '#events/report-requested.ts'
import type { Logger } from '#functions/host/log.ts'
import { knownZone } from '#functions/wording/dates.ts'
import type { Renderer } from '../picture/render.ts'
import { yearCaption } from './year-caption.ts'
import { yearDrawing } from './year-drawing.ts'
import { yearFigures } from './year-figures.ts'
import { yearTexts } from './year-texts.ts'

export interface YearDependencies {
  seen: Pick<Seen, 'inPeriod'>
  catalogue: Pick<Catalogue, 'shows'>
  log: Logger
  renderer(): Promise<Renderer>
}

/** How many series are in memory at once. */
const showsPerQuery = 100

/** The statistics of a calendar year, which a person asked for. */
export const yearReport = async (
  { id, data }: EventOf<typeof ReportRequested>,
  { seen, catalogue, log, renderer }: YearDependencies,
): Promise<ReportContent> => {
  const { chatId, language, theme } = data
  const zone = knownZone(data.zone)
  const year = Temporal.Instant.from(data.from).toZonedDateTimeISO(zone).year
  const period = await seen.inPeriod(chatId, { from: new Date(data.from), to: new Date(data.to) })
  let shows: Show[]
  try {
    shows = await showsIn([...new Set(period.seen.map(({ showId }) => showId))], catalogue)
  } catch (error) {
    log.warn({ error, id }, 'the catalogue is unavailable; there are no statistics of the year')
    return { html: yearTexts[language].unavailable, picture: null }
  }
  const figures = yearFigures(year, zone, period, shows)
  const html = String(yearCaption(figures, language))
  if (figures.episodes === 0) return { html, picture: null }
  try {
    const { font, png } = await renderer()
    return { html, picture: png(yearDrawing(figures, { language, theme }, font)) }
  } catch (error) {
    log.error({ error, id }, 'the picture of a report could not be drawn; the report is sent without it')
    return { html, picture: null }
  }
}

const showsIn = async (ids: readonly number[], catalogue: YearDependencies['catalogue']): Promise<Show[]> => {
  const shows: Show[] = []
  for (let at = 0; at < ids.length; at += showsPerQuery)
    shows.push(...(await catalogue.shows(ids.slice(at, at + showsPerQuery))))
  return shows
}
