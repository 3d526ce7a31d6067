import type { ReadOutage, ReadPage, ReadPost } from '#database/pages/page-reading.ts'

/** What a page tells as one thing: an outage with the posts about it, or posts that people began themselves. */
export interface Matter {
  /** The outage that the checks found; null for posts without one. */
  outage: ReadOutage | null
  /** The newest first. */
  posts: ReadPost[]
  isOpen: boolean
}

/**
 * The matters of a page, the newest first. The matter of an outage begins and ends with it; people may begin to write
 * about it again afterwards.
 */
export const mattersOf = ({ outages, posts }: Pick<ReadPage, 'outages' | 'posts'>): Matter[] => {
  const threads = Map.groupBy(posts, ({ threadId, incidentId }) =>
    incidentId === null ? `thread ${threadId}` : incidentId,
  )
  const holds = (thread: readonly ReadPost[] = []) => thread.some(({ until }) => until === null)
  const ofOutages = outages.map((outage): Matter => {
    const thread = threads.get(outage.id)
    threads.delete(outage.id)
    return { outage, posts: thread ?? [], isOpen: outage.closedAt === null || holds(thread) }
  })
  const others = [...threads.values()].map((thread): Matter => ({ outage: null, posts: thread, isOpen: holds(thread) }))
  return [...ofOutages, ...others].toSorted((one, other) => beginOf(other) - beginOf(one))
}

/** When a matter began, in seconds since 1970. */
export const beginOf = ({ outage, posts }: Matter): number => outage?.openedAt ?? posts.at(-1)!.at

/** When a matter ended, in seconds since 1970; null while it goes on. */
export const endOf = ({ outage, posts, isOpen }: Matter): number | null =>
  isOpen ? null : Math.max(outage?.closedAt ?? 0, posts[0]?.at ?? 0)

/** Whether a matter is about a service: its outage, or one that a post calls affected. */
export const isAbout = ({ outage, posts }: Matter, monitorId: number): boolean =>
  outage?.monitorId === monitorId || posts.some(({ impacts }) => impacts[monitorId] !== undefined)
