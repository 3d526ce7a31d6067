import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Language } from '#database/chats/language.ts'
import type { PageQuery, ReadPage } from '#database/pages/page-reading.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError } from '#functions/host/errors.ts'
import type { Context, HttpRequest, HttpResponse, RequestHead } from '#functions/host/function-definition.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { notice, type Reader } from './html/layout.ts'
import { monitorHtml } from './html/monitor.ts'
import { componentsPerPart, pageHtml } from './html/page.ts'
import { styleHash } from './html/style.ts'
import { type PageRequest, parsePageRequest } from './page-request.ts'
import { limitsOf, ranges } from './ranges.ts'
import type { Cache } from './response-cache.ts'
import { pageTexts } from './texts.ts'

export interface PageDependencies {
  read(query: PageQuery): Promise<ReadPage | null>
  cache: Cache<RenderedPage>
  clock: Clock
}

/** A page as it is sent, in both encodings. */
export interface RenderedPage {
  status: number
  body: Buffer
  zipped: Buffer
  etag: string
  isHidden: boolean
}

/** Which requests have a page: their methods are answered before the body is read. */
export const admit = ({ method }: RequestHead): number | undefined =>
  method === 'GET' || method === 'HEAD' ? undefined : 405

const dayMs = 86_400_000

/** Answers a visitor with a page, from one query or from what this process has kept for a few seconds. */
export const statusPage = async (
  request: HttpRequest,
  { log }: Pick<Context, 'log'>,
  { read, cache, clock }: PageDependencies,
): Promise<HttpResponse> => {
  const wanted = parsePageRequest(request, request.query)
  const language = languageOf(request, wanted)
  if (wanted === null) return send(request, rendered(404, notFound(language), true))
  try {
    const key = JSON.stringify([wanted, language])
    return send(request, await cache(key, () => render(wanted, language, { read, clock })), wanted)
  } catch (error) {
    log.error({ error: asError(error) }, 'the status page could not be read')
    const page = notice({ language: language ?? 'en' }, pageTexts[language ?? 'en'].unavailable)
    const response = send(request, rendered(503, page, true))
    return { ...response, headers: { ...response.headers, 'retry-after': '5' } }
  }
}

/** The visitor's choice, or the browser's; null if the browser names neither language. */
const languageOf = ({ headers }: HttpRequest, wanted: PageRequest | null): Language | null => {
  if (wanted?.language) return wanted.language
  const accepted = headers['accept-language']
  return /\b(?:pt|en)\b/i.test(accepted ?? '') ? preferredLanguage(accepted) : null
}

const notFound = (language: Language | null) =>
  notice({ language: language ?? 'en' }, pageTexts[language ?? 'en'].notFound)

const render = async (
  wanted: PageRequest,
  visitorLanguage: Language | null,
  { read, clock }: Pick<PageDependencies, 'read' | 'clock'>,
): Promise<RenderedPage> => {
  const now = clock()
  const { unit } = ranges[wanted.range]
  const since = sinceOf(wanted, now)
  const page = await read({
    address: wanted.address,
    unit,
    now,
    since,
    outagesSince: new Date(Math.min(since.getTime(), now.getTime() - 90 * dayMs)),
    history:
      wanted.monitorId === null
        ? { first: (wanted.part - 1) * componentsPerPart, count: componentsPerPart }
        : { monitorId: wanted.monitorId },
  })
  const component = page?.components.find(({ id }) => id === wanted.monitorId)
  if (page === null || (wanted.monitorId !== null && component === undefined))
    return rendered(404, notFound(visitorLanguage), true)
  const language = visitorLanguage ?? page.language
  const reader: Reader = { language, zone: page.zone, now, texts: pageTexts[language] }
  const html = component === undefined ? pageHtml(page, wanted, reader) : monitorHtml(page, component, wanted, reader)
  return rendered(200, html, page.access === 'link')
}

/** A time before the first hour of the range in any zone. */
const sinceOf = ({ range }: PageRequest, now: Date): Date => new Date(limitsOf(range, 'UTC', now)[0]! * 1000 - dayMs)

const rendered = (status: number, html: string, isHidden: boolean): RenderedPage => {
  const body = Buffer.from(html)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { status, body, zipped: gzipSync(body), etag, isHidden }
}

const contentSecurityPolicy = (isEmbedded: boolean) =>
  `default-src 'none'; style-src '${styleHash}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ${isEmbedded ? '*' : "'none'"}`

const send = (
  { headers }: HttpRequest,
  { status, body, zipped, etag, isHidden }: RenderedPage,
  wanted: PageRequest | null = null,
): HttpResponse => {
  const isCurrent = status === 200 && (headers['if-none-match'] ?? '').includes(etag)
  const isZipped = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))
  const common = {
    'content-security-policy': contentSecurityPolicy(wanted?.isEmbedded === true),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // A proxy must not keep a page with a secret address.
    'cache-control':
      status === 200
        ? `${isHidden ? 'private' : 'public'}, max-age=10, stale-while-revalidate=60, stale-if-error=86400`
        : 'no-store',
    vary: 'accept-encoding, accept-language',
    ...(isHidden && { 'x-robots-tag': 'noindex' }),
    ...(status === 200 && { etag }),
  }
  if (isCurrent) return { status: 304, headers: common }
  return {
    status,
    headers: {
      ...common,
      'content-type': 'text/html; charset=utf-8',
      ...(isZipped && { 'content-encoding': 'gzip' }),
    },
    body: isZipped ? zipped : body,
  }
}
