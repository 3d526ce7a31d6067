import type { Language } from '#database/chats/language.ts'
import { asError } from '#functions/host/errors.ts'
import type { Context, HttpRequest, HttpResponse, RequestHead } from '#functions/host/function-definition.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { encodingFor } from './encodings.ts'
import { type Doors, enter } from './entrance.ts'
import { type CalendarDependencies, episodeCalendar, parseCalendarRequest } from './episodes/episode-calendar.ts'
import { notice } from './html/layout.ts'
import { styleHash } from './html/style.ts'
import { visitorZoneHash } from './html/visitor-zone.ts'
import { logoResponse, type ReadLogo } from './logo.ts'
import type { PageRequest } from './page-request.ts'
import { notFound, type RenderDependencies, type RenderedPage, render, rendered } from './render.ts'
import type { Cache } from './response-cache.ts'

export interface PageDependencies extends RenderDependencies {
  doors: Doors
  readLogo: ReadLogo
  cache: Cache<RenderedPage>
  episodes: CalendarDependencies
}

/** Which requests have a page: their methods are answered before the body is read. */
export const admit = ({ method }: RequestHead): number | undefined =>
  method === 'GET' || method === 'HEAD' ? undefined : 405

/**
 * Sends a page to a visitor, from its snapshot. This process reads at most once in a second whether there is another
 * version; otherwise it sends the bytes that it has in memory.
 */
export const statusPage = async (
  request: HttpRequest,
  { log }: Pick<Context, 'log'>,
  { cache, episodes, ...dependencies }: PageDependencies,
): Promise<HttpResponse> => {
  let language = languageOf(request, null)
  try {
    const calendar = parseCalendarRequest(request.path)
    if (calendar !== null)
      return await send(request, (await episodeCalendar(calendar, episodes, log)) ?? notFound(language))
    const entered = await enter(request, dependencies)
    if (entered === null) return send(request, notFound(language))
    if ('response' in entered) return entered.response
    const { wanted } = entered
    language = languageOf(request, wanted)
    if (wanted.file?.kind === 'logo') {
      const { hash, format: type } = wanted.file
      const logo = await logoResponse(request, { address: wanted.address, hash, type }, dependencies.readLogo)
      return logo ?? send(request, notFound(language))
    }
    const key = JSON.stringify([wanted, language])
    const answer = await cache(key, async previous => {
      const { answer, upkeep } = await render(wanted, language, dependencies, previous)
      upkeep?.().catch(error => log.warn({ error: asError(error) }, 'the snapshot of a page could not be renewed'))
      return answer
    })
    return await send(request, answer, wanted)
  } catch (error) {
    log.error({ error: asError(error) }, 'the status page could not be read')
    const page = notice(language ?? 'en', 'unavailable')
    const response = await send(request, rendered(page, { status: 503, isHidden: true }))
    return { ...response, headers: { ...response.headers, 'retry-after': '5' } }
  }
}

/** The visitor's choice, or the browser's; null if the browser names neither language. */
const languageOf = ({ headers }: HttpRequest, wanted: PageRequest | null): Language | null => {
  if (wanted?.language) return wanted.language
  if (wanted?.file) return null
  const accepted = headers['accept-language']
  return /\b(?:pt|en)\b/i.test(accepted ?? '') ? preferredLanguage(accepted) : null
}

/** A page that says why there is no page contains its icon; all others may show pictures of this host only. */
const contentSecurityPolicy = (status: number, isEmbedded: boolean) =>
  `default-src 'none'; style-src '${styleHash}'; script-src '${visitorZoneHash}'; img-src ${status === 200 ? "'self'" : 'data:'}; base-uri 'none'; form-action 'self'; frame-ancestors ${isEmbedded ? '*' : "'none'"}`

/** A badge may be kept for a minute, because sites that show many badges ask often. */
const cacheControl = ({ isHidden, isForMembers }: RenderedPage, isFile: boolean) =>
  isForMembers
    ? 'private, no-cache'
    : `${isHidden ? 'private' : 'public'}, max-age=${isFile ? 60 : 10}, stale-while-revalidate=60, stale-if-error=86400`

/** Each encoding has an ETag of its own, because its bytes are others. */
const isKnown = (known: string | undefined, etag: string): boolean =>
  (known ?? '').split(',').some(one => [etag, '*'].includes(one.trim().replace(/^W\//, '')))

const send = async (
  { headers }: HttpRequest,
  page: RenderedPage,
  wanted: PageRequest | null = null,
): Promise<HttpResponse> => {
  const { status, type, encoded, digest, isHidden, isForMembers, snapshot } = page
  const isFile = status === 200 && wanted !== null && wanted.file !== null
  const encoding = encodingFor(String(headers['accept-encoding'] ?? ''))
  const etag = `"${digest}${encoding === 'identity' ? '' : `-${encoding}`}"`
  const common = {
    'content-security-policy': contentSecurityPolicy(status, wanted?.isEmbedded === true),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // A proxy must not keep a page with a secret address.
    'cache-control': status === 200 ? cacheControl(page, isFile) : 'no-store',
    vary: `accept-encoding, accept-language${isForMembers ? ', cookie' : ''}`,
    // Scripts of other sites may read files, except those that need a cookie.
    ...(isFile && !isForMembers && { 'access-control-allow-origin': '*' }),
    ...(isHidden && { 'x-robots-tag': 'noindex' }),
    ...(status === 200 && { etag }),
    ...(snapshot !== null && { 'last-modified': snapshot.madeAt.toUTCString() }),
  }
  // Visitors make no lines in the log, because there may be hundreds of them in a second.
  const quiet = status < 500
  if (status === 200 && isKnown(headers['if-none-match'], etag)) return { status: 304, headers: common, quiet }
  return {
    status,
    quiet,
    headers: { ...common, 'content-type': type, ...(encoding !== 'identity' && { 'content-encoding': encoding }) },
    body: await encoded(encoding),
  }
}
