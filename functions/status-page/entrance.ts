import type { PageDoor } from '#database/pages/page-doors.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { HttpRequest, HttpResponse } from '#functions/host/function-definition.ts'
import { isInternalHost } from '#functions/host/internal-host.ts'
import { isSignatureFor, signatureFor, signatureMs } from '#functions/pages/signed-link.ts'
import { type PageRequest, parsePageRequest, parseRootRequest } from './page-request.ts'

/** What the entrance reads. The answers of a few seconds ago will do. */
export interface Doors {
  atDomain(host: string): Promise<PageDoor | null>
  forMembers(pageId: number): Promise<PageDoor | null>
}

interface EntranceDependencies {
  doors: Doors
  clock: Clock
  pagesUrl: string
}

/** What a visitor may see; `response`: what a browser gets instead; null: nothing, as at an address without a page. */
export type Entered = { wanted: PageRequest } | { response: HttpResponse } | null

/**
 * Finds out which page a request is for, by its host and its path, and whether the visitor may see it. The Host header
 * can be forged, so it is only compared with the domains that pages have.
 */
export const enter = async (
  request: Pick<HttpRequest, 'path' | 'query' | 'headers'>,
  { doors, clock, pagesUrl }: EntranceDependencies,
): Promise<Entered> => {
  const host = foreignHost(request.headers.host, pagesUrl)
  const home = host === null ? null : await doors.atDomain(host)
  const wanted = home === null ? parsePageRequest(request, request.query) : parseRootRequest(request, home.id)
  if (wanted === null) return null
  const isForMembers = home === null ? 'id' in wanted.address : home.access === 'members'
  if (!isForMembers || !('id' in wanted.address)) return { wanted }
  const door = home ?? (await visited(request, wanted.address.id, doors))
  if (door === null) return null
  if (isVisit(request, door, clock())) return { wanted }
  const link = request.query.get(signatureName)
  if (link === null || !isSignatureFor(door, 'link', link, clock())) return null
  return { response: beginVisit(request.path, cookieFor(door, home !== null, pagesUrl, clock())) }
}

/** The name of the signature in the query of a link, and of the cookie with the signature of a visit. */
const signatureName = 'signature'
const cookieName = 'vigia-page'

/** A host that may be that of one page: neither the usual host of status pages nor one inside of a cluster. */
const foreignHost = (header: string | undefined, pagesUrl: string): string | null => {
  if (isInternalHost(header)) return null
  const host = header!.toLowerCase()
  const usual = URL.canParse(pagesUrl) ? new URL(pagesUrl).host : null
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '')
  return host === usual || name === usual || !/^[a-z0-9.-]{4,253}$/.test(name) ? null : name
}

/** The page for members with this id. Without a signature nothing is read, so that the time shows no ids either. */
const visited = ({ query, headers }: Pick<HttpRequest, 'query' | 'headers'>, id: number, doors: Doors) =>
  query.has(signatureName) || cookiesIn(headers.cookie).length > 0 ? doors.forMembers(id) : null

const isVisit = ({ headers }: Pick<HttpRequest, 'headers'>, door: PageDoor, now: Date): boolean =>
  cookiesIn(headers.cookie).some(signature => isSignatureFor(door, 'visit', signature, now))

/** The signatures in a Cookie header. There are several if the host has pages at several paths. */
const cookiesIn = (header = ''): string[] =>
  header
    .split(';', 50)
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith(`${cookieName}=`))
    .map(pair => pair.slice(cookieName.length + 1))

/**
 * A browser exchanges the signature in the link for a cookie, so that the address that a person copies, keeps or shows
 * on a screen opens nothing for others. The path keeps the cookie from other pages of the same host.
 */
const cookieFor = (door: PageDoor, isAtRoot: boolean, pagesUrl: string, now: Date): string => {
  const root = URL.canParse(pagesUrl) ? new URL(pagesUrl).pathname.replace(/\/+$/, '') : pagesUrl
  return [
    `${cookieName}=${signatureFor(door, 'visit', now)}`,
    `Path=${isAtRoot ? '/' : `${root}/m/${door.id}`}`,
    `Max-Age=${signatureMs.visit / 1000}`,
    'HttpOnly',
    'SameSite=Lax',
    // Without TLS, as in a LAN, browsers refuse cookies that are for TLS only.
    ...(pagesUrl.startsWith('http:') ? [] : ['Secure']),
  ].join('; ')
}

/** Leads to the same page without the signature. The path is relative, because a proxy may serve it below another. */
const beginVisit = (path: string, cookie: string): HttpResponse => ({
  status: 303,
  headers: {
    location: path === '/' ? './' : path.slice(path.lastIndexOf('/') + 1),
    'set-cookie': cookie,
    'cache-control': 'private, no-store',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex',
    'x-content-type-options': 'nosniff',
  },
})
