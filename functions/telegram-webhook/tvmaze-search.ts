import { showIdOf } from '#database/series/follows.ts'
import type { Show, ShowHit } from '#database/series/show.ts'
import { TimedOut, withTimeout } from '#functions/host/timeout.ts'
import { ShowGone, TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { type ChatContext, queryCatalogue, replyTimeoutsMs } from './context.ts'
import { nameIn } from './small-talk.ts'

/**
 * The requests to TVmaze that one person may make in quick succession: half of what TVmaze allows for all persons
 * together in ten seconds.
 */
const searchBurst = 10

/** The subject of a follow: `show/82`. */
export const showSubject = (id: number) => `show/${id}`

/**
 * The hits, best first, or the reason why there are none: TVmaze has no show with this id, the person's allowance is
 * used up, or TVmaze is unavailable.
 */
export type SearchResult = ShowHit[] | 'gone' | 'too often' | 'unavailable'

/** Searches for a name. The query `show/82` finds that show only, in the catalogue or at TVmaze. */
export const searchTvmaze = async (context: ChatContext, query: string): Promise<SearchResult> => {
  const { deps } = context
  const id = showIdOf(query)
  try {
    const known = id === null ? undefined : (await queryCatalogue(deps, catalogue => catalogue.show(id)))?.found
    if (known) return [hitOf(known)]
    if (!(await takeSearch(context, 'first'))) return 'too often'
    if (id === null) return await searchByName(context, query)
    return [await withTimeout(replyTimeoutsMs.tvmaze, 'the request to TVmaze', deps.tvmaze.card(id))]
  } catch (error) {
    if (error instanceof ShowGone) return 'gone'
    if (error instanceof TvmazeUnavailable || error instanceof TimedOut) return 'unavailable'
    throw error
  }
}

/**
 * Takes an allowance for a request to TVmaze. Without a limit one person could use up what TVmaze allows for all
 * persons together.
 */
const takeSearch = ({ deps, origin, cause }: ChatContext, request: 'first' | 'second'): Promise<boolean> =>
  deps.allowances.take(
    [{ subject: `search/${origin.personId}`, seconds: deps.limits.searchSeconds, burst: searchBurst }],
    request === 'first' ? cause.id : `${cause.id}/second`,
    deps.clock(),
  )

/**
 * Searches for a name. A greeting at the start may belong to the name (`Bom dia, Verônica`). So the whole text is
 * searched for first. If nothing is found, the search is repeated without the greeting.
 */
const searchByName = async (context: ChatContext, query: string): Promise<ShowHit[]> => {
  const search = (name: string) =>
    withTimeout(replyTimeoutsMs.tvmaze, 'the request to TVmaze', context.deps.tvmaze.search(name))
  const found = await search(query)
  const name = found.length > 0 ? null : nameIn(query)
  return name !== null && (await takeSearch(context, 'second')) ? search(name) : found
}

const hitOf = ({ _id, name, url, image, channel, premiered, status }: Show): ShowHit => ({
  id: _id,
  name,
  url,
  image,
  channel,
  premiered,
  status,
  summary: null,
})
