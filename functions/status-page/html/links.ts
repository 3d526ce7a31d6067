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

/**
 * A link from the page that was asked for. It is relative, because a proxy may serve the pages below another path. The
 * visitor's choices stay.
 */
export const linkFrom =
  (request: PageRequest) =>
  (changes: LinkChanges): string => {
    const wanted = { ...request, part: 1, ...changes }
    const name = 'slug' in request.address ? request.address.slug : request.address.secret
    const isDeep = request.monitorId !== null
    const path =
      wanted.monitorId === null
        ? isDeep
          ? `../${name}`
          : name
        : isDeep
          ? String(wanted.monitorId)
          : `${name}/${wanted.monitorId}`
    const query = new URLSearchParams({
      ...(wanted.range !== usualRange && { range: wanted.range }),
      ...(wanted.language !== null && { lang: wanted.language }),
      ...(wanted.part > 1 && { part: String(wanted.part) }),
      ...(wanted.isEmbedded && { embed: '' }),
    })
    return query.size === 0 ? path : `${path}?${query}`
  }

export type Link = ReturnType<typeof linkFrom>
