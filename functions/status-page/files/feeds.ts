import { Feed } from 'feed'
import type { ReadPage } from '#database/pages/page-reading.ts'
import { html, plain } from '#functions/telegram/html.ts'
import { sayDuration, sayInstant } from '#functions/wording/dates.ts'
import { feedTexts } from '../file-texts.ts'
import type { Reader } from '../html/layout.ts'
import type { FeedKind } from './file-kinds.ts'

const shownOutages = 50
const dayMs = 86_400_000

/** Without control characters, because XML does not allow them. */
const clean = (text: string) => plain(html`${text}`)

/**
 * The outages of a page as a feed, the newest first. An outage keeps its id when it ends, so a reader updates the
 * entry. `address` is the page's address on the internet.
 */
export const feedOf = (page: ReadPage, kind: FeedKind, address: string, reader: Reader): string => {
  const { language, now } = reader
  const texts = feedTexts[language]
  const outages = page.outages.slice(0, shownOutages)
  const times = outages.map(({ openedAt, closedAt }) => closedAt ?? openedAt)
  const title = clean(page.title)
  const feed = new Feed({
    id: address,
    link: address,
    title: texts.title(title),
    description: texts.description(title),
    language,
    copyright: '',
    generator: 'Vigia',
    // The newest change, so that the same outages are the same feed; without outages, the present day.
    updated: new Date(Math.max(Math.floor(now.getTime() / dayMs) * dayMs, ...times.map(at => at * 1000))),
    feedLinks: { [kind]: `${address}/feed.${kind}` },
  })
  for (const { id, monitorId, openedAt, closedAt } of outages) {
    const name = clean(page.components.find(component => component.id === monitorId)?.name ?? '')
    const [began, ended] = [new Date(openedAt * 1000), closedAt === null ? null : new Date(closedAt * 1000)]
    const said = (at: Date) => sayInstant(at, { language, zone: page.zone, now })
    const words = [texts.begin(said(began)), ...(ended === null ? [] : [texts.end(said(ended))])]
    const heading =
      ended === null ? texts.down(name) : texts.wasDown(name, sayDuration(ended.getTime() - began.getTime(), language))
    feed.addItem({
      id: `${address}/${monitorId}#outage-${id}`,
      link: `${address}/${monitorId}`,
      title: heading,
      description: `${heading}. ${words.join(' ')}`,
      date: ended ?? began,
      published: began,
    })
  }
  return kind === 'rss' ? feed.rss2() : kind === 'atom' ? feed.atom1() : feed.json1()
}
