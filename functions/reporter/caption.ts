import type { Language } from '#database/chats/language.ts'
import { type Slot, titleOf } from '#functions/series/slots.ts'
import { cut, type Html, html, joined, visibleLength } from '#functions/telegram/html.ts'
import { maxCaptionLength } from '#functions/telegram/message.ts'
import { dayOf, sayClock, sayDate, sayDuration } from '#functions/wording/dates.ts'
import { sayEpisodes } from '#functions/wording/series.ts'
import { sayMilliseconds, sayUptime } from '#functions/wording/uptime.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { ReportFigures, SeriesNews } from './collect.ts'
import type { Outage, UptimeFigures } from './figures.ts'
import { reportTexts } from './texts.ts'

/** The chat for which a report is worded, and the kind of the report. */
export interface ReportReader {
  language: Language
  zone: string
  frequency: 'daily' | 'weekly'
  onDemand: boolean
}

/** The maximum numbers of lines of a list. They are tried in this order, until the text fits into a caption. */
const lineLimits = [8, 5, 4, 3, 2, 1]
const slowestShown = 3

/** The title of the report, such as `Relatório diário` or `Últimas 24 horas`. */
export const sayTitle = ({ frequency, onDemand, language }: ReportReader): string =>
  reportTexts[language][onDemand ? 'titleOnDemand' : 'title'][frequency]

/** `sáb., 28 nov · 08:00`. Always a date, because the report may be read days later. */
const sayMoment = (instant: Date | string, { language, zone }: ReportReader) =>
  `${sayDate(dayOf(instant, zone), { language })} · ${sayClock(instant, { language, zone })}`

export const sayReportPeriod = ({ from, to }: { from: Date; to: Date }, reader: ReportReader): string =>
  `${sayMoment(from, reader)} – ${sayMoment(to, reader)}`

/** `2 quedas, 14 min fora do ar`, or `nenhuma queda`. */
export const sayOutages = (outages: readonly Outage[], language: Language): string => {
  const texts = reportTexts[language]
  return outages.length === 0
    ? texts.noOutages
    : texts.outages(
        outages.length,
        sayDuration(
          outages.reduce((total, { downMs }) => total + downMs, 0),
          language,
        ),
      )
}

/**
 * The text of a report as Telegram HTML, short enough for the caption of its picture. If the chat has neither monitors
 * nor series, a person who requested the report gets a text that says so, and a report that is due is null.
 */
export const caption = (figures: ReportFigures, reader: ReportReader): string | null => {
  if (figures.uptime === null && figures.series === null)
    return reader.onDemand ? String(html`${reportTexts[reader.language].nothing}`) : null
  const texts = lineLimits.map(limit => captionWith(figures, reader, limit))
  return String(texts.find(text => visibleLength(text) <= maxCaptionLength) ?? cut(texts.at(-1)!, maxCaptionLength))
}

const captionWith = ({ period, uptime, series }: ReportFigures, reader: ReportReader, limit: number): Html => {
  const texts = reportTexts[reader.language]
  return joined(
    [
      joined([
        html`📊 <b>${sayTitle(reader)}</b>`,
        html`${sayReportPeriod(period, reader)} (${sayZoneTime(reader.zone, reader.language)})`,
      ]),
      uptime && uptimeSection(uptime, reader, limit),
      series === 'unavailable' ? texts.seriesUnavailable : series && seriesSection(series, reader, limit),
      !reader.onDemand && html`<i>${texts.settings}</i>`,
    ],
    '\n\n',
  )
}

const uptimeSection = (
  { monitors, uptime, outages, unknown }: UptimeFigures,
  reader: ReportReader,
  limit: number,
): Html => {
  const { language } = reader
  const texts = reportTexts[language]
  const icon = monitors.some(({ isDown }) => isDown) ? '🔴' : outages.length > 0 ? '🟠' : uptime === null ? '⚪' : '🟢'
  const slow = monitors
    .flatMap(({ name, averageMs }) => (averageMs === null ? [] : [{ name, averageMs }]))
    .sort((one, other) => other.averageMs - one.averageMs)
    .slice(0, Math.min(limit, slowestShown))
  return joined([
    html`${icon} <b>${uptime === null ? texts.noChecks : texts.up(sayUptime(uptime, language))}</b> · ${texts.monitors(monitors.length)}`,
    uptime !== null && sayOutages(outages, language),
    listed(outages, limit, language, outage => outageLine(outage, reader)),
    slow.length > 0 &&
      html`${texts.slowest}: ${slow.map(({ name, averageMs }) => `${name} ${sayMilliseconds(averageMs, language)}`).join(', ')}`,
    unknown > 0 && html`⚪ ${texts.unknown(unknown)}`,
  ])
}

const outageLine = ({ name, from, to, downMs }: Outage, reader: ReportReader): Html => {
  const duration = sayDuration(downMs, reader.language)
  return html`• <b>${name}</b> ${sayMoment(from, reader)}, ${to === null ? reportTexts[reader.language].stillDown(duration) : duration}`
}

const seriesSection = ({ aired, upcoming }: SeriesNews, reader: ReportReader, limit: number): Html => {
  const texts = reportTexts[reader.language]
  const list = (title: string, slots: Slot[], none: string) =>
    slots.length === 0
      ? html`${none}`
      : joined([html`<b>${title}</b>`, listed(slots, limit, reader.language, slot => slotLine(slot, reader))])
  return joined(
    [
      html`📺 ${list(texts.aired, aired, texts.noneAired)}`,
      html`🗓 ${list(texts.upcoming, upcoming, texts.noneUpcoming)}`,
    ],
    '\n',
  )
}

const slotLine = ({ show, episodes, day, airstamp }: Slot, reader: ReportReader): Html => {
  const when = airstamp === null ? sayDate(day, reader) : sayMoment(airstamp, reader)
  return html`• <a href="${show.url}">${titleOf(show, reader)}</a> ${sayEpisodes(episodes, reader.language)} · ${when}`
}

/** The first `limit` items, each as a line, and how many more there are. */
const listed = <Item>(items: readonly Item[], limit: number, language: Language, line: (item: Item) => Html): Html => {
  const rest = items.length - limit
  return joined([...items.slice(0, limit).map(line), rest > 0 && reportTexts[language].more(rest)])
}
