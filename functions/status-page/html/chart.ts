import { type Html, html } from '#functions/telegram/html.ts'
import { sayMilliseconds } from '#functions/wording/uptime.ts'
import type { PageRequest } from '../page-request.ts'
import { type Bar, total } from '../ranges.ts'
import { areHours, periodOf } from './bars.ts'
import type { Reader } from './layout.ts'
import { table } from './table.ts'

const width = 600
const height = 160

interface Point {
  x: number
  y: number
}

/** The lines without a gap, each of which has a point for each bar with data. */
const linesOf = (averages: readonly (number | null)[], highest: number): Point[][] => {
  const lines: Point[][] = [[]]
  for (const [at, average] of averages.entries())
    if (average === null) lines.push([])
    else
      lines.at(-1)!.push({
        x: Math.round(((at + 0.5) * width) / averages.length),
        y: Math.round(height - 4 - (average / Math.max(highest, 1)) * (height - 12)),
      })
  return lines.filter(line => line.length > 0)
}

/** A single point is a short line, because a line of no length is invisible. */
const pathOf = (line: readonly Point[]) =>
  `M${line.map(({ x, y }) => `${x} ${y}`).join('L')}${line.length === 1 ? 'h2' : ''}`

/**
 * The averages of the response times as a line, with the table of the same figures behind it. A gap in the data is a
 * gap in the line.
 */
export const chart = (name: string, bars: readonly Bar[], { range }: PageRequest, reader: Reader): Html => {
  const { texts, language } = reader
  const { chart: words } = texts
  const averages = bars.map(({ ok, totalMs }) => (ok === 0 ? null : totalMs / ok))
  const known = averages.filter(average => average !== null)
  if (known.length === 0) return html`<p class="soft">${words.none}</p>`
  const [lowest, highest] = [Math.min(...known), Math.max(...known)]
  const { ok, totalMs } = total(bars)
  const said = (ms: number) => sayMilliseconds(ms, language)
  const lines = linesOf(averages, highest)
  const areas = lines.map(line => `${pathOf(line)}V${height - 4}H${line[0]!.x}z`).join('')
  const count = new Intl.NumberFormat(language)
  const rows = bars.flatMap((bar, at) => {
    const average = averages[at] ?? null
    return average === null
      ? []
      : [[periodOf(bar, areHours(bars), reader), said(average), count.format(bar.ok)] as const]
  })
  return html`<div><p class="soft axis"><span>${words.highest(said(highest))}</span><span>${words.average(said(totalMs / ok))}</span></p>
<svg class="chart" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${words.title}: ${words.description(
    said(lowest),
    said(highest),
  )}"><path class="grid" d="M0 ${height - 4}H${width}M0 8H${width}"/><path class="area" d="${areas}"/><path class="line" d="${lines.map(pathOf).join('')}"/></svg>
<p class="axis"><span>${texts.ago(texts.ranges[range])}</span><span>${texts.untilNow}</span></p></div>
<details><summary><span class="more">${texts.table.open}</span></summary>
${table(html`${words.caption} <bdi>${name}</bdi>`, `${words.caption} ${name}`, [texts.table.period, words.response, words.checks], rows.toReversed())}</details>`
}
