import type { PageLogo } from '#database/pages/logos.ts'
import type { ReadPage } from '#database/pages/page-reading.ts'
import type { PageRequest } from '../page-request.ts'
import { usualRange } from '../ranges.ts'

/** The changes of a link to the page that is shown. */
export interface LinkChanges {
  /** The monitor to show; null: the whole page. Absent: what is shown now. */
  monitorId?: number | null
  range?: PageRequest['range']
  language?: PageRequest['language']
  part?: number
}

/** The addresses of other pages and files, as seen from the page that is shown. */
export interface Links {
  to(changes: LinkChanges): string
  /** A file of the whole page. */
  file(name: string): string
  /** The parts of the query that a form of the page keeps; null if files without a query are shown. */
  kept: Record<string, string> | null
  /** The address of the page for search engines; null if it has none. */
  canonical: string | null
  /** Subscribes a visitor in Telegram, to one service if it is given; null if the name of the bot is not known. */
  subscribe(monitorId?: number): string | null
}

/**
 * The links of a page that the function serves. They are relative, because a proxy may serve the pages below another
 * path. The visitor's choices stay.
 */
export const servedLinks = (
  page: ReadPage,
  request: PageRequest,
  { pageUrl, botName }: { pageUrl: string; botName: string | null },
): Links => {
  const name = nameIn(request.address)
  const isDeep = request.monitorId !== null
  // At the root of a host, the page and its monitors are in the same folder.
  const below = isDeep || request.isAtRoot ? '' : `${name}/`
  const language = request.language === null ? {} : { lang: request.language }
  return {
    to: changes => {
      const wanted = { ...request, part: 1, ...changes }
      const page = request.isAtRoot ? './' : isDeep ? `../${name}` : name
      const monitor = `${below}${wanted.monitorId}`
      return withQuery(wanted.monitorId === null ? page : monitor, {
        ...queryOf(wanted),
        ...(wanted.zone !== null && { zone: wanted.zone }),
      })
    },
    file: file => withQuery(`${below}${file}`, language),
    kept: queryOf(request),
    canonical: page.access !== 'public' || !URL.canParse(pageUrl) ? null : canonicalOf(pageUrl, request),
    subscribe: monitorId => subscribeLink(page, botName, monitorId),
  }
}

/** The name of the file with a logo. It changes with the logo, so a browser keeps the file for a year. */
export const logoName = ({ hash, type }: PageLogo): string => `logo-${hash}.${type}`

/** What a visitor chose, except the time zone. */
const queryOf = ({ range, language, part, isEmbedded }: Omit<PageRequest, 'address'>): Record<string, string> => ({
  ...(range !== usualRange && { range }),
  ...(language !== null && { lang: language }),
  ...(part > 1 && { part: String(part) }),
  ...(isEmbedded && { embed: '' }),
})

const canonicalOf = (pageUrl: string, { monitorId }: PageRequest) =>
  monitorId === null ? pageUrl : `${pageUrl}/${monitorId}`

/** The last part of the path of a page. */
const nameIn = (address: PageRequest['address']): string => {
  if ('slug' in address) return address.slug
  return 'secret' in address ? address.secret : String(address.id)
}

/**
 * The bot reads what follows `start=`, at most 64 characters: `p_<slug>` or `p_<slug>_<monitor>`; of a secret page
 * `q_<secret>` or `c_<monitor>_<secret>`. The members of a chat get its messages without a subscription.
 */
export const subscribeLink = (
  { access, slug, secret }: Pick<ReadPage, 'access' | 'slug' | 'secret'>,
  botName: string | null,
  monitorId?: number,
): string | null => {
  if (botName === null || access === 'members') return null
  const service = monitorId === undefined ? [] : [monitorId]
  const start =
    access === 'public' ? ['p', slug, ...service] : [monitorId === undefined ? 'q' : 'c', ...service, secret]
  return `https://t.me/${botName}?start=${start.join('_')}`
}

const withQuery = (path: string, values: Record<string, string>) => {
  const query = new URLSearchParams(values)
  return query.size === 0 ? path : `${path}?${query}`
}
