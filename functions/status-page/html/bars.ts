import { type Html, html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayUptime } from '#functions/wording/uptime.ts'
import { type Bar, type BarState, barState, uptimeOf } from '../ranges.ts'
import type { Reader } from './layout.ts'
import { day, period } from './times.ts'

/** The distance between two bars, and the height of the picture. */
const barWidth = 4
const height = 36

/**
 * The vertical lines of a bar. Every state has a form of its own, so that colours are not needed: a bar with an outage
 * is shorter and has a mark above it.
 */
const lines: Record<BarState, string> = {
  up: 'M? 8V36',
  partial: 'M? 18V36M? 2V8',
  down: 'M? 28V36M? 2V18',
  maintenance: 'M? 8V18M? 24V36',
  unknown: 'M? 30V36',
  empty: 'M? 34V36',
}

/** The history as a picture: one path for each state, with a line for each bar. */
const picture = (states: readonly BarState[]): Html => {
  const pathOf = (state: BarState) =>
    states.map((one, at) => (one === state ? lines[state].replaceAll('?', String(at * barWidth + 2)) : '')).join('')
  return html`<svg class="bars" viewBox="0 0 ${states.length * barWidth} ${height}" preserveAspectRatio="none" aria-hidden="true">${[
    ...new Set(states),
  ].map(state => html`<path class="${state}" d="${pathOf(state)}"/>`)}</svg>`
}

/** Bars that the table shows in one row, because nothing happened in them or there are no data. */
interface Row extends Bar {
  state: BarState
}

const rowsOf = (bars: readonly Bar[]): Row[] => {
  const rows: Row[] = []
  for (const bar of bars) {
    const state = barState(bar)
    const isPlain = (state === 'up' || state === 'empty') && bar.unknownS === 0 && bar.maintenanceS === 0
    const last = rows.at(-1)
    const lastIsPlain = last?.unknownS === 0 && last.maintenanceS === 0
    if (isPlain && lastIsPlain && last.state === state) rows[rows.length - 1] = { ...last, to: bar.to }
    else rows.push({ ...bar, state })
  }
  return rows
}

const hourS = 3600

/** The time of some bars: hours, or days if the bars are days. */
const periodText = ({ from, to }: Row, isOfHours: boolean, reader: Reader): Html => {
  if (isOfHours) return period(from, to, reader)
  const [first, last] = [day(from, reader), day(to - 1, reader)]
  return html`${first === last ? first : `${first} – ${last}`}`
}

const table = (name: string, bars: readonly Bar[], reader: Reader): Html => {
  const { texts, language } = reader
  const said = (seconds: number) => (seconds === 0 ? '–' : sayDuration(seconds * 1000, language))
  const { table: words } = texts
  const isOfHours = bars[0] !== undefined && bars[0].to - bars[0].from < 23 * hourS
  return html`<section class="scroll" tabindex="0" aria-label="${words.caption(name)}"><table>
<caption>${words.caption(name)}</caption>
<thead><tr><th scope="col">${words.period}</th><th scope="col" class="n">${words.uptime}</th><th scope="col" class="n">${words.down}</th><th scope="col" class="n">${words.notChecked}</th><th scope="col" class="n">${words.maintenance}</th></tr></thead>
<tbody>${rowsOf(bars)
    .toReversed()
    .map(row => {
      const uptime = uptimeOf(row)
      return html`<tr><th scope="row">${periodText(row, isOfHours, reader)}</th><td class="n">${
        uptime === null ? texts.bars[row.state] : sayUptime(uptime, language)
      }</td><td class="n">${said(row.downS)}</td><td class="n">${said(row.unknownS)}</td><td class="n">${said(row.maintenanceS)}</td></tr>`
    })}</tbody></table></section>`
}

/** The history of a monitor: the bars, which open the table with the same figures. */
export const history = (name: string, bars: readonly Bar[], reader: Reader): Html => {
  const states = bars.map(barState)
  const affected = states.filter(state => state === 'partial' || state === 'down').length
  const { texts } = reader
  return html`<details><summary>${picture(states)}<span class="soft">${texts.barsOf(name)}: ${texts.affected(affected)}</span></summary>
${table(name, bars, reader)}</details>`
}
