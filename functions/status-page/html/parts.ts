import type { ReadPage, ReadWindow } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import type { PageRequest } from '../page-request.ts'
import { type RangeName, ranges } from '../ranges.ts'
import type { Reader } from './layout.ts'
import { nameOf } from './matters.ts'
import { period, time, zoneForm, zoneLine } from './times.ts'

/** A text from outside: one that is read from right to left does not turn the words beside it. */
export const bdi = (text: string): Html => html`<bdi>${text}</bdi>`

/** The choice of the period. */
export const choices = ({ range }: PageRequest, { texts, links }: Reader): Html =>
  html`<nav class="choice" aria-label="${texts.rangeChoice}"><ul>${Object.keys(ranges).map(
    name =>
      html`<li><a href="${links.to({ range: name as RangeName })}"${name === range && html` aria-current="true"`}>${texts.ranges[name as RangeName]}</a></li>`,
  )}</ul></nav>`

export const languageLink = ({ texts, language, links }: Reader): Html => {
  const { name, code } = texts.otherLanguage
  return html`<a href="${links.to({ language: language === 'en' ? 'pt-BR' : 'en' })}" hreflang="${code}" lang="${code}">${name}</a>`
}

/** What a window of maintenance concerns. */
const concerned = (page: ReadPage, { monitorId, group }: ReadWindow, { texts }: Reader) =>
  monitorId === null ? (group ?? texts.allComponents) : nameOf(page, monitorId)

export const windowList = (page: ReadPage, windows: readonly ReadWindow[], reader: Reader): Html =>
  html`<ul class="box">${windows.map(
    window =>
      html`<li><strong>${bdi(window.title || reader.texts.maintenance)}</strong> · ${bdi(concerned(page, window, reader))}<br>${period(window.startsAt, window.endsAt, reader)}</li>`,
  )}</ul>`

/** The windows that go on or come, the next one first, and those that are over, the newest first. */
export const sortedWindows = (windows: readonly ReadWindow[], now: Date) => {
  const isOver = ({ endsAt }: ReadWindow) => endsAt * 1000 <= now.getTime()
  return { planned: windows.filter(window => !isOver(window)), past: windows.filter(isOver).toReversed() }
}

/** The files of a page that programs read. */
const fileLinks = ({ texts, links }: Reader): Html => {
  const files = { RSS: 'feed.rss', Atom: 'feed.atom', JSON: 'feed.json', iCal: 'maintenance.ics' }
  return html`<nav aria-label="${texts.files}"><ul class="files">${Object.entries(files).map(
    ([name, file]) => html`<li><a href="${links.file(file)}">${name}</a></li>`,
  )}</ul></nav>`
}

/** The link with which a visitor subscribes in Telegram to the page, or to one service. */
export const subscribe = ({ texts, links }: Reader, monitorId?: number): Html | null => {
  const link = links.subscribe(monitorId)
  const text = monitorId === undefined ? texts.subscribe : texts.subscribeToService
  return link === null ? null : html`<a class="button" href="${link}">${text}</a>`
}

/** When the page was read, and the zone of its times. */
export const timesLine = (reader: Reader): Html =>
  html`<p class="soft">${reader.texts.updated} ${time(reader.now.getTime() / 1000, reader)}. ${zoneLine(reader)}</p>`

/** The end of every page. */
export const footer = ({ monitorId }: PageRequest, reader: Reader): Html =>
  html`<footer class="soft">${timesLine(reader)}${zoneForm(reader)}${monitorId === null && fileLinks(reader)}<p>${reader.texts.madeWith}</p></footer>`
