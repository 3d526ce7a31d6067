import { showIdOf } from '#database/series/follows.ts'
import type { ShowHit } from '#database/series/show.ts'
import { TimedOut, withTimeout } from '#functions/host/timeout.ts'
import { ShowGone, TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { hitOf, mostHits } from './catalogue-search.ts'
import { type ChatContext, queryCatalogue, replyTimeoutsMs } from './context.ts'
import { nameIn } from './small-talk.ts'
import { byYear, fitsYear, wantedSeries } from './wanted-series.ts'

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

/**
 * Searches for a name at TVmaze, and adds the hits `known` of the catalogue. The query `show/82` finds that show only,
 * in the catalogue or at TVmaze.
 */
export const searchTvmaze = async (
  context: ChatContext,
  query: string,
  known: readonly ShowHit[] = [],
): Promise<SearchResult> => {
  const { deps } = context
  const id = showIdOf(query)
  try {
    const show = id === null ? undefined : (await queryCatalogue(deps, catalogue => catalogue.show(id)))?.found
    if (show) return [hitOf(show)]
    if (!(await takeSearch(context, 'first'))) return 'too often'
    if (id === null) return merged(await searchByName(context, query), known, query)
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
 * Searches for a name without the year at its end. If no series of that year is found, the search is repeated with the
 * year, because it may belong to the name (`Space: 1999`). A greeting at the start may belong to the name too
 * (`Bom dia, Verônica`). If nothing is found, the search is repeated without the greeting.
 */
const searchByName = async (context: ChatContext, query: string): Promise<ShowHit[]> => {
  const search = (name: string) =>
    withTimeout(replyTimeoutsMs.tvmaze, 'the request to TVmaze', context.deps.tvmaze.search(name))
  const wanted = wantedSeries(query)
  const found = byYear(await search(wanted.name), wanted.year)
  if (found.some(fitsYear(wanted.year))) return found
  const otherName = wanted.year === null ? nameIn(query) : query
  if (otherName === null || !(await takeSearch(context, 'second'))) return found
  const others = await search(otherName)
  return others.length > 0 ? others : found
}

/** The hits of TVmaze with those of the catalogue: hits with the right year first, hits of TVmaze before others. */
const merged = (hits: readonly ShowHit[], known: readonly ShowHit[], query: string): ShowHit[] => {
  const others = known.filter(({ id }) => hits.every(hit => hit.id !== id))
  return byYear([...hits, ...others], wantedSeries(query).year).slice(0, mostHits)
}
