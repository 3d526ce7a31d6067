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
        ...(wanted.range !== usualRange && { range: wanted.range }),
        ...(wanted.language !== null && { lang: wanted.language }),
        ...(wanted.part > 1 && { part: String(wanted.part) }),
        ...(wanted.isEmbedded && { embed: '' }),
      })
    },
    file: file => withQuery(isDeep ? file : `${name}/${file}`, language),
    subscribe: subscribeLink(request, botName),
  }
}

/** The bot reads what follows `start=`: `p_<slug>`, or `q_<secret>` of a secret page. */
export const subscribeLink = ({ address }: Pick<PageRequest, 'address'>, botName: string | null): string | null =>
  botName === null
    ? null
    : `https://t.me/${botName}?start=${'slug' in address ? `p_${address.slug}` : `q_${address.secret}`}`

const withQuery = (path: string, values: Record<string, string>) => {
  const query = new URLSearchParams(values)
  return query.size === 0 ? path : `${path}?${query}`
}
