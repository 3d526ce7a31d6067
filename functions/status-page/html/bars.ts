import { type Html, html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayUptime } from '#functions/wording/uptime.ts'
import type { PageRequest } from '../page-request.ts'
import { type Bar, type BarState, barState, total, uptimeOf } from '../ranges.ts'
import type { Reader } from './layout.ts'
import { table } from './table.ts'
import { day, period } from './times.ts'

/** The distance between two bars, and the height of the picture. */
const barWidth = 4
const height = 36

/**
 * The vertical lines of a bar. Every state has a form of its own, so that colours are not needed: a bar with an outage
 * has a mark above it, and one that was down most of the time stands out.
 */
const lines: Record<BarState, string> = {
  up: 'M? 8V36',
  partial: 'M? 0V5M? 9V36',
  down: 'M? 0V36',
  maintenance: 'M? 20V36',
  unknown: 'M? 14V18M? 23V27M? 32V36',
  empty: 'M? 33V36',
}

const lineAt = (state: BarState, at: number) => lines[state].replaceAll('?', String(at * barWidth + 2))

/** Bars as a picture: one path for each state, with a line for each bar. */
const picture = (states: readonly BarState[]): Html => {
  const pathOf = (state: BarState) => states.map((one, at) => (one === state ? lineAt(state, at) : '')).join('')
  return html`<svg class="bars" viewBox="0 0 ${states.length * barWidth} ${height}" preserveAspectRatio="none" aria-hidden="true">${[
    ...new Set(states),
  ].map(state => html`<path class="${state}" d="${pathOf(state)}"/>`)}</svg>`
}

/** What the forms of these bars mean. */
export const legend = (bars: readonly Bar[], { texts }: Reader): Html =>
  html`<ul class="legend">${Object.keys(lines)
    .filter(state => bars.some(bar => barState(bar) === state))
    .map(
      state =>
        html`<li class="${state}">${picture([state as BarState])}<span>${texts.bars[state as BarState]}</span></li>`,
    )}</ul>`

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

/** Whether the bars are hours; otherwise they are days. */
export const areHours = ([first]: readonly Bar[]): boolean => first !== undefined && first.to - first.from < 23 * hourS

/** The time of a bar, or of some of them. */
export const periodOf = ({ from, to }: Pick<Bar, 'from' | 'to'>, isOfHours: boolean, reader: Reader): Html => {
  if (isOfHours) return period(from, to, reader)
  const [first, last] = [day(from, reader), day(to - 1, reader)]
  return html`${first === last ? first : `${first} – ${last}`}`
}

const historyTable = (name: string, bars: readonly Bar[], reader: Reader): Html => {
  const { texts, language } = reader
  const said = (seconds: number) => (seconds === 0 ? '–' : sayDuration(seconds * 1000, language))
  const { table: words } = texts
  const isOfHours = areHours(bars)
  const rows = rowsOf(bars).toReversed()
  return table(
    html`${words.caption} <bdi>${name}</bdi>`,
    `${words.caption} ${name}`,
    [words.period, words.uptime, words.down, words.notChecked, words.maintenance],
    rows.map(row => {
      const uptime = uptimeOf(row)
      return [
        periodOf(row, isOfHours, reader),
        uptime === null ? texts.bars[row.state] : sayUptime(uptime, language),
        said(row.downS),
        said(row.unknownS),
        said(row.maintenanceS),
      ]
    }),
  )
}

const countOfAffected = (bars: readonly Bar[]) =>
  bars.map(barState).filter(state => state === 'partial' || state === 'down').length

/** The history of a monitor: the bars with what they begin and end with, which open the table with the same figures. */
export const history = (name: string, bars: readonly Bar[], { range }: PageRequest, reader: Reader): Html => {
  const { texts, language } = reader
  const uptime = uptimeOf(total(bars))
  return html`<details><summary><span class="hidden">${texts.barsOf} <bdi>${name}</bdi>: </span>${picture(bars.map(barState))}<span class="axis"><span>${texts.ago(
    texts.ranges[range],
  )}</span><span class="more"><strong>${uptime === null ? texts.bars.empty : sayUptime(uptime, language)}</strong>${
    uptime !== null && ` · ${texts.affected(countOfAffected(bars))}`
  }</span><span>${texts.untilNow}</span></span></summary>
${historyTable(name, bars, reader)}</details>`
}

/**
 * The history with bars that a visitor chooses by touch, mouse or the keys of arrows, which works without JavaScript:
 * radio buttons are one stop of the keyboard.
 */
export const chosenHistory = (name: string, bars: readonly Bar[], reader: Reader): Html => {
  const { texts } = reader
  return html`<fieldset class="days"><legend class="hidden">${texts.barsOf} <bdi>${name}</bdi>. ${texts.chooseBar}</legend>${bars.map(
    (bar, at) => {
      const state = barState(bar)
      return html`<label class="${state}"><input type="radio" name="bar"${at === bars.length - 1 && html` checked`}><svg class="bars" viewBox="0 0 ${barWidth} ${height}" preserveAspectRatio="none" aria-hidden="true"><path d="${lineAt(
        state,
        0,
      )}"/></svg><span class="tip">${barText(bar, areHours(bars), reader)}</span></label>`
    },
  )}</fieldset><details><summary><span class="more">${texts.table.open}</span></summary>
${historyTable(name, bars, reader)}</details>`
}

/** A bar in words. */
const barText = (bar: Bar, isOfHours: boolean, reader: Reader): Html => {
  const { texts, language } = reader
  const uptime = uptimeOf(bar)
  const { table: words } = texts
  const times = [
    [words.down, bar.downS],
    [words.notChecked, bar.unknownS],
    [words.maintenance, bar.maintenanceS],
  ] as const
  return html`<strong>${periodOf(bar, isOfHours, reader)}</strong>: ${
    uptime === null ? texts.bars[barState(bar)] : sayUptime(uptime, language)
  }${times
    .filter(([, seconds]) => seconds > 0)
    .map(([word, seconds]) => ` · ${word.toLowerCase()}: ${sayDuration(seconds * 1000, language)}`)}`
}
