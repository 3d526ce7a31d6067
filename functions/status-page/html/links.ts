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
  /** Subscribes a visitor in Telegram; null if the name of the bot is not known. */
  subscribe: string | null
}

/**
 * The links of a page that the function serves. They are relative, because a proxy may serve the pages below another
 * path. The visitor's choices stay.
 */
export const servedLinks = (request: PageRequest, botName: string | null): Links => {
  const name = 'slug' in request.address ? request.address.slug : request.address.secret
  const isDeep = request.monitorId !== null
  const language = request.language === null ? {} : { lang: request.language }
  return {
    to: changes => {
      const wanted = { ...request, part: 1, ...changes }
      const page = isDeep ? `../${name}` : name
      const monitor = isDeep ? String(wanted.monitorId) : `${name}/${wanted.monitorId}`
      return withQuery(wanted.monitorId === null ? page : monitor, {
        ...queryOf(wanted),
        ...(wanted.zone !== null && { zone: wanted.zone }),
      })
    },
    file: file => withQuery(isDeep ? file : `${name}/${file}`, language),
    kept: queryOf(request),
    subscribe: subscribeLink(request, botName),
  }
}

/** What a visitor chose, except the time zone. */
const queryOf = ({ range, language, part, isEmbedded }: Omit<PageRequest, 'address'>): Record<string, string> => ({
  ...(range !== usualRange && { range }),
  ...(language !== null && { lang: language }),
  ...(part > 1 && { part: String(part) }),
  ...(isEmbedded && { embed: '' }),
})

/** The bot reads what follows `start=`: `p_<slug>`, or `q_<secret>` of a secret page. */
export const subscribeLink = ({ address }: Pick<PageRequest, 'address'>, botName: string | null): string | null =>
  botName === null
    ? null
    : `https://t.me/${botName}?start=${'slug' in address ? `p_${address.slug}` : `q_${address.secret}`}`

const withQuery = (path: string, values: Record<string, string>) => {
  const query = new URLSearchParams(values)
  return query.size === 0 ? path : `${path}?${query}`
}
