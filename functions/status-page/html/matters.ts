import type { ReadPage, ReadPost } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { Matter } from '../matters.ts'
import type { Reader } from './layout.ts'
import { stateLabel } from './shapes.ts'
import { time } from './times.ts'

export const nameOf = ({ components }: Pick<ReadPage, 'components'>, monitorId: number): string =>
  components.find(({ id }) => id === monitorId)?.name ?? ''

/** The services that a post calls affected. A service that is not on the page any more is left out. */
const affected = (page: ReadPage, { impacts }: ReadPost, { texts }: Reader): Html | null => {
  const shown = page.components.flatMap(({ id, name }) => {
    const impact = impacts[id]
    return impact === undefined ? [] : [html`<li><bdi>${name}</bdi>: ${stateLabel(impact, texts)}</li>`]
  })
  return shown.length === 0 ? null : html`<ul>${shown}</ul>`
}

/** A post as visitors read it. The text stays in the language in which it was written. */
const postHtml = (page: ReadPage, post: ReadPost, reader: Reader): Html =>
  html`<div class="post"><p dir="auto"><strong>${sayPostStatus(post.status, reader.language)}</strong> · <span class="soft">${time(post.at, reader)}</span><br>${post.text}</p>${affected(page, post, reader)}</div>`

/** Matters with their posts. An outage says by itself when it began and how long it went on. */
export const matterList = (page: ReadPage, matters: readonly Matter[], reader: Reader): Html =>
  html`<ul class="box">${matters.map(
    ({ outage, posts }) =>
      html`<li>${outage !== null && outageHead(page, outage, reader)}${posts.map(post => postHtml(page, post, reader))}</li>`,
  )}</ul>`

const outageHead = (
  page: ReadPage,
  { monitorId, openedAt, closedAt }: NonNullable<Matter['outage']>,
  reader: Reader,
): Html => {
  const { texts, language, now } = reader
  const lasted = sayDuration((closedAt === null ? now.getTime() : closedAt * 1000) - openedAt * 1000, language)
  return html`<p><strong><bdi>${nameOf(page, monitorId)}</bdi></strong><br>${time(openedAt, reader)} · ${
    closedAt === null ? html`<strong class="down">${texts.outageGoesOn(lasted)}</strong>` : texts.outageLasted(lasted)
  }</p>`
}
