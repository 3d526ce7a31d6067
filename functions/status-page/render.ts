import { createHash } from 'node:crypto'
import type { Language } from '#database/chats/language.ts'
import type { PageQuery, ReadPage } from '#database/pages/page-reading.ts'
import type { ReadSnapshot } from '#database/pages/page-snapshots.ts'
import type { Clock } from '#functions/host/clock.ts'
import { pageAddress } from '#functions/pages/page-address.ts'
import { type Encoding, encodedOnce } from './encodings.ts'
import { renderFile } from './files/render-file.ts'
import { notice, type Reader } from './html/layout.ts'
import { servedLinks } from './html/links.ts'
import { monitorHtml } from './html/monitor.ts'
import { componentsPerPart, pageHtml, partsOf } from './html/page.ts'
import type { PageRequest } from './page-request.ts'
import { limitsOf, ranges } from './ranges.ts'
import { pageTexts } from './texts.ts'
import { zonesOf } from './zones.ts'

/** A page, or a file of it, as visitors get it. */
export interface RenderedPage {
  status: number
  type: string
  /** The number of bytes before they are compressed. */
  length: number
  encoded(encoding: Encoding): Promise<Buffer>
  /** A digest of the bytes before they are compressed. */
  digest: string
  /** Whether search engines and proxies must not keep it. */
  isHidden: boolean
  /** Whether a browser must ask each time, because the visitor may no longer see it. */
  isForMembers: boolean
  /** The version and the time of the snapshot that it shows; null if it shows none. */
  snapshot: Pick<ReadSnapshot, 'version' | 'madeAt'> | null
}

export interface RenderDependencies {
  /** The page from its snapshot; without the page if its version is `known`. */
  read(query: PageQuery, known: number | null): Promise<ReadSnapshot | null>
  clock: Clock
  /** The address of this function on the internet: `https://vigia.example.org/status`. */
  pagesUrl: string
  /** The user name of the bot; null if it is not known. */
  botName: string | null
}

const htmlType = 'text/html; charset=utf-8'
const dayMs = 86_400_000

export const rendered = (
  text: string,
  {
    status = 200,
    type = htmlType,
    isHidden = false,
    isForMembers = false,
    snapshot = null,
  }: Partial<RenderedPage> = {},
): RenderedPage => {
  const body = Buffer.from(text)
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  const encoded = encodedOnce(body)
  return { status, type, length: body.length, encoded, digest, isHidden, isForMembers, snapshot }
}

/** The response to an address without a page. It is the same for every such address. */
export const notFound = (language: Language | null): RenderedPage =>
  rendered(notice(language ?? 'en', 'notFound'), {
    status: 404,
    isHidden: true,
  })

/**
 * Reads and renders what a visitor wants to see. `visitorLanguage` is null if the visitor has no preference; then the
 * page has its own language. If the page has not changed since `previous`, returns `previous`. `upkeep` keeps the
 * snapshot for the next visitors; no response waits for it.
 */
export const render = async (
  wanted: PageRequest,
  visitorLanguage: Language | null,
  { read, clock, pagesUrl, botName }: RenderDependencies,
  previous?: RenderedPage,
): Promise<{ answer: RenderedPage; upkeep?: ReadSnapshot['upkeep'] }> => {
  const found = await read(queryFor(wanted, clock()), previous?.snapshot?.version ?? null)
  if (found === null) return { answer: notFound(visitorLanguage) }
  const { page, version, madeAt, upkeep } = found
  if (page === null) return { answer: previous!, upkeep }
  // A program that reads a file has no language of its own.
  const language = (wanted.file === null ? visitorLanguage : wanted.language) ?? page.language
  const pageUrl = pageAddress(page, pagesUrl)
  const links = servedLinks(page, wanted, { pageUrl, botName })
  const texts = pageTexts[language]
  // A snapshot is shown as of the time at which it was made, so all renderings of a version are the same.
  const reader: Reader = { language, ...zonesOf(page, wanted), now: madeAt, texts, links, pageUrl }
  const text = await textOf(page, wanted, reader)
  if (text === null) return { answer: notFound(visitorLanguage), upkeep }
  const { access } = page
  const shown = { isHidden: access !== 'public', isForMembers: access === 'members', snapshot: { version, madeAt } }
  return { answer: rendered(text.text, { ...text, ...shown }), upkeep }
}

/** What was asked for of a page, as text with its media type; null if the page has no such monitor or part. */
export const textOf = async (
  page: ReadPage,
  wanted: PageRequest,
  reader: Reader,
): Promise<{ type: string; text: string } | null> => {
  const component = page.components.find(({ id }) => id === wanted.monitorId)
  if (wanted.monitorId !== null && component === undefined) return null
  if (wanted.part > partsOf(page)) return null
  // A logo is not text: logo.ts makes its response.
  if (wanted.file?.kind === 'logo') return null
  if (wanted.file !== null) return renderFile(page, component, wanted.file, wanted, reader)
  const text = component === undefined ? pageHtml(page, wanted, reader) : monitorHtml(page, component, wanted, reader)
  return { type: htmlType, text }
}

/** What has to be read of a page for a request. */
export const queryFor = (wanted: PageRequest, now: Date): PageQuery => {
  const { address, range } = wanted
  // A time before the first hour of the range in any zone.
  const since = new Date(limitsOf(range, 'UTC', now)[0]! * 1000 - dayMs)
  return {
    address,
    unit: ranges[range].unit,
    now,
    since,
    outagesSince: new Date(Math.min(since.getTime(), now.getTime() - 90 * dayMs)),
    history: historyFor(wanted),
  }
}

/** Whose sums are read: only what is shown, because a page can have thousands of monitors. */
const historyFor = ({ monitorId, file, part }: PageRequest): PageQuery['history'] => {
  if (monitorId !== null) return { monitorId }
  if (file === null) return { first: (part - 1) * componentsPerPart, count: componentsPerPart }
  return file.kind === 'badge' && file.badge !== 'state' ? 'together' : { first: 0, count: 0 }
}
