import type { Language } from '#database/chats/language.ts'
import { titleOf } from '#functions/series/slots.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import type { YearFigures } from './year-figures.ts'
import { yearTexts } from './year-texts.ts'

const shownSeries = 5

/** `128 episódios · 12 séries · 96 h` */
export const sayTotals = ({ episodes, seriesCount, minutes }: YearFigures, language: Language): string => {
  const texts = yearTexts[language]
  return [texts.episodes(episodes), texts.series(seriesCount), ...(minutes > 0 ? [texts.hours(minutes)] : [])].join(
    ' · ',
  )
}

/** The name of a month, `março`. */
export const sayMonth = (month: number, language: Language, style: 'long' | 'short'): string =>
  new Intl.DateTimeFormat(language, { month: style, timeZone: 'UTC' })
    .format(Date.UTC(2026, month, 1))
    .replace(/\.$/, '')

/** The text below the picture of a year. It fits into a caption, because names have at most 200 letters. */
export const yearCaption = (figures: YearFigures, language: Language): Html => {
  const { year, episodes, months, series, withoutLength, undated } = figures
  const texts = yearTexts[language]
  const note = undated > 0 && texts.undated(undated)
  if (episodes === 0) return joined([html`📺 ${texts.nothing(year)}`, note], '\n\n')
  const most = Math.max(...months)
  const busiest = months.filter(count => count === most).length === 1 ? months.indexOf(most) : null
  return joined(
    [
      joined([html`📺 <b>${texts.title(year)}</b>`, html`${sayTotals(figures, language)}`]),
      series.length > 0 &&
        joined([
          html`<b>${texts.best}</b>`,
          ...series
            .slice(0, shownSeries)
            .map(
              ({ show, episodes: count }, at) =>
                html`${at + 1}. <a href="${show.url}">${shortened(titleOf(show, { language }))}</a> · ${texts.episodes(count)}`,
            ),
        ]),
      busiest !== null && texts.busiest(sayMonth(busiest, language, 'long'), texts.episodes(most)),
      withoutLength > 0 && texts.withoutLength(withoutLength),
      note,
    ],
    '\n\n',
  )
}

const longestName = 60
const shortened = (name: string) => (name.length > longestName ? `${name.slice(0, longestName - 1).trimEnd()}…` : name)
