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
/** Feed readers show these texts as HTML, so that a name with tags in it would be a part of their page. */
const asHtml = (text: string) => String(html`${text}`)

/** The library accepts only whole addresses. This one stands for the host of the feed, which is not known. */
const unknownHost = 'http://host.invalid'

/**
 * The outages of a page as a feed, the newest first. An outage keeps its id when it ends, so a reader updates the
 * entry.
 */
export const feedOf = (page: ReadPage, kind: FeedKind, reader: Reader): string =>
  reader.pageUrl.startsWith('/')
    ? wholeFeed(page, kind, unknownHost + reader.pageUrl, reader).replaceAll(unknownHost, '')
    : wholeFeed(page, kind, reader.pageUrl, reader)

const wholeFeed = (page: ReadPage, kind: FeedKind, address: string, reader: Reader): string => {
  const { language, now } = reader
  const texts = feedTexts[language]
  const outages = page.outages.slice(0, shownOutages)
  const times = outages.map(({ openedAt, closedAt }) => closedAt ?? openedAt)
  // The format of RSS does not say whether its titles are HTML; in JSON they are plain text.
  const titleOfFeed = kind === 'rss' ? asHtml : clean
  const titleOfItem = kind === 'json' ? clean : asHtml
  const feed = new Feed({
    id: address,
    link: address,
    title: titleOfFeed(texts.title(page.title)),
    description: titleOfFeed(texts.description(page.title)),
    language,
    copyright: '',
    generator: 'Vigia',
    // The newest change, so that the same outages are the same feed; without outages, the present day.
    updated: new Date(Math.max(Math.floor(now.getTime() / dayMs) * dayMs, ...times.map(at => at * 1000))),
    feedLinks: { [kind]: `${address}/feed.${kind}` },
  })
  for (const { id, monitorId, openedAt, closedAt } of outages) {
    const name = page.components.find(component => component.id === monitorId)?.name ?? ''
    const [began, ended] = [new Date(openedAt * 1000), closedAt === null ? null : new Date(closedAt * 1000)]
    const said = (at: Date) => sayInstant(at, { language, zone: page.zone, now })
    const words = [texts.begin(said(began)), ...(ended === null ? [] : [texts.end(said(ended))])]
    const heading =
      ended === null ? texts.down(name) : texts.wasDown(name, sayDuration(ended.getTime() - began.getTime(), language))
    feed.addItem({
      id: `${address}/${monitorId}#outage-${id}`,
      link: `${address}/${monitorId}`,
      title: titleOfItem(heading),
      description: asHtml(`${heading}. ${words.join(' ')}`),
      date: ended ?? began,
      published: began,
    })
  }
  return kind === 'rss' ? feed.rss2() : kind === 'atom' ? feed.atom1() : feed.json1()
}
