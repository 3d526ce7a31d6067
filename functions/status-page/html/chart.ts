import { type Html, html } from '#functions/telegram/html.ts'
import { sayMilliseconds } from '#functions/wording/uptime.ts'
import { type Bar, total } from '../ranges.ts'
import type { Reader } from './layout.ts'

const width = 600
const height = 160

/** The averages of the response times as a line. A gap in the data is a gap in the line. */
export const chart = (bars: readonly Bar[], { texts, language }: Reader): Html => {
  const averages = bars.map(({ ok, totalMs }) => (ok === 0 ? null : totalMs / ok))
  const known = averages.filter(average => average !== null)
  if (known.length === 0) return html`<p class="soft">${texts.chart.none}</p>`
  const [lowest, highest] = [Math.min(...known), Math.max(...known)]
  const { ok, totalMs } = total(bars)
  const said = (ms: number) => sayMilliseconds(ms, language)
  const path = averages
    .map((average, at) => {
      if (average === null) return ''
      const x = Math.round(((at + 0.5) * width) / bars.length)
      const y = Math.round(height - 4 - (average / Math.max(highest, 1)) * (height - 12))
      // A single point is a short line, because a line of no length is invisible.
      const isFirst = at === 0 || averages[at - 1] === null
      const isAlone = isFirst && (averages[at + 1] ?? null) === null
      return `${isFirst ? 'M' : 'L'}${x} ${y}${isAlone ? 'h2' : ''}`
    })
    .join('')
  return html`<p>${texts.chart.average(said(totalMs / ok))} · ${texts.chart.highest(said(highest))}</p>
<svg class="chart" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${texts.chart.title}: ${texts.chart.description(
    said(lowest),
    said(highest),
  )}"><path class="grid" d="M0 ${height - 4}H${width}M0 8H${width}"/><path class="line" d="${path}"/></svg>`
}
