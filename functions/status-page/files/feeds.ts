import { Feed } from 'feed'
import type { ReadPage, ReadWindow } from '#database/pages/page-reading.ts'
import { html, plain } from '#functions/telegram/html.ts'
import { sayDuration, sayInstant } from '#functions/wording/dates.ts'
import { sayPostStatus } from '#functions/wording/post-statuses.ts'
import { feedTexts } from '../file-texts.ts'
import type { Reader } from '../html/layout.ts'
import { nameOf } from '../html/matters.ts'
import { type Matter, mattersOf } from '../matters.ts'
import type { FeedKind } from './file-kinds.ts'

const shownEntries = 50
/** Maintenance that repeats often must not push the outages out of the feed. */
const shownWindows = 10
const dayMs = 86_400_000

/** Without control characters, because XML does not allow them. */
const clean = (text: string) => plain(html`${text}`)
/** Feed readers show these texts as HTML, so that a name with tags in it would be a part of their page. */
const asHtml = (text: string) => String(html`${text}`)

/** The library accepts only whole addresses. This one stands for the host of the feed, which is not known. */
const unknownHost = 'http://host.invalid'

/** The outages, the posts and the maintenance of a page as a feed, what changed last first. */
export const feedOf = (page: ReadPage, kind: FeedKind, reader: Reader): string =>
  reader.pageUrl.startsWith('/')
    ? wholeFeed(page, kind, unknownHost + reader.pageUrl, reader).replaceAll(unknownHost, '')
    : wholeFeed(page, kind, reader.pageUrl, reader)

const wholeFeed = (page: ReadPage, kind: FeedKind, address: string, reader: Reader): string => {
  const { language, now } = reader
  const texts = feedTexts[language]
  const entries = entriesOf(page, address, reader)
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
    // The newest change, so that the same entries are the same feed; without entries, the present day.
    updated: instant(
      Math.max(Math.floor(now.getTime() / dayMs) * (dayMs / 1000), ...entries.map(({ changedAt }) => changedAt)),
    ),
    feedLinks: { [kind]: `${address}/feed.${kind}` },
  })
  for (const { id, link, title, lines, beganAt, changedAt } of entries)
    feed.addItem({
      id,
      link,
      title: titleOfItem(title),
      description: lines.map(asHtml).join('<br>'),
      date: instant(changedAt),
      published: instant(beganAt),
    })
  return kind === 'rss' ? feed.rss2() : kind === 'atom' ? feed.atom1() : feed.json1()
}

const instant = (seconds: number) => new Date(seconds * 1000)

/** An entry of the feed. It keeps its id, so that a reader of the feed updates it when something is added. */
interface Entry {
  id: string
  link: string
  title: string
  lines: string[]
  /** Seconds since 1970. */
  beganAt: number
  changedAt: number
}

/** The matters and the maintenance of a page, what changed last first. */
const entriesOf = (page: ReadPage, address: string, reader: Reader): Entry[] =>
  [
    ...mattersOf(page).map(matter => matterEntry(page, matter, address, reader)),
    ...page.windows.slice(-shownWindows).map(window => windowEntry(page, window, address, reader)),
  ]
    .toSorted((one, other) => other.changedAt - one.changedAt)
    .slice(0, shownEntries)

const sayAt = (seconds: number, { language, now }: Reader, { zone }: ReadPage) =>
  sayInstant(instant(seconds), { language, zone, now })

const matterEntry = (page: ReadPage, { outage, posts }: Matter, address: string, reader: Reader): Entry => {
  const { language, texts: words } = reader
  const texts = feedTexts[language]
  const updates = posts.flatMap(({ status, text, at, impacts }) => [
    `${sayPostStatus(status, language)} (${sayAt(at, reader, page)}): ${text}`,
    ...page.components.flatMap(({ id, name }) =>
      impacts[id] === undefined ? [] : [`${name}: ${words.states[impacts[id]]}`],
    ),
  ])
  if (outage === null) {
    const [newest, first] = [posts[0]!, posts.at(-1)!]
    return {
      id: `${address}#notice-${first.threadId}`,
      link: address,
      title: `${sayPostStatus(newest.status, language)}: ${shortened(newest.text)}`,
      lines: updates,
      beganAt: first.at,
      changedAt: newest.at,
    }
  }
  const { id, monitorId, openedAt, closedAt } = outage
  const name = nameOf(page, monitorId)
  const title =
    closedAt === null ? texts.down(name) : texts.wasDown(name, sayDuration((closedAt - openedAt) * 1000, language))
  const times = [
    texts.begin(sayAt(openedAt, reader, page)),
    ...(closedAt === null ? [] : [texts.end(sayAt(closedAt, reader, page))]),
  ]
  return {
    id: `${address}/${monitorId}#outage-${id}`,
    link: `${address}/${monitorId}`,
    title,
    lines: [`${title}. ${times.join(' ')}`, ...updates],
    beganAt: openedAt,
    changedAt: Math.max(closedAt ?? openedAt, posts[0]?.at ?? 0),
  }
}

const windowEntry = (page: ReadPage, window: ReadWindow, address: string, reader: Reader): Entry => {
  const { id, title, monitorId, group, startsAt, endsAt, plannedAt } = window
  const texts = feedTexts[reader.language]
  const name = monitorId === null ? (group ?? page.title) : nameOf(page, monitorId)
  const nowS = reader.now.getTime() / 1000
  return {
    id: `${address}#maintenance-${id}`,
    link: address,
    title: texts.maintenance(title === '' ? name : title),
    lines: [name, `${texts.begin(sayAt(startsAt, reader, page))} ${texts.end(sayAt(endsAt, reader, page))}`],
    // Maintenance that comes is news since it was planned.
    beganAt: Math.min(plannedAt, startsAt),
    changedAt: nowS >= endsAt ? endsAt : nowS >= startsAt ? startsAt : plannedAt,
  }
}

const longestTitle = 80

/** The beginning of a text, for a title. */
const shortened = (text: string): string => {
  const letters = [...text.replace(/\s+/g, ' ')]
  return letters.length <= longestTitle ? letters.join('') : `${letters.slice(0, longestTitle - 1).join('')}…`
}
