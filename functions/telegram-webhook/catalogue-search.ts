import { showIdOf } from '#database/series/follows.ts'
import type { Show, ShowHit } from '#database/series/show.ts'
import { comparableName } from '#functions/wording/fold.ts'
import { type ChatContext, queryCatalogue } from './context.ts'
import { byYear, fitsYear, wantedSeries } from './wanted-series.ts'

/** The most hits of a search, as many as TVmaze returns. */
export const mostHits = 10

/**
 * Series of the catalogue. `same` have the name that was searched for, and began in the year of the search; the names
 * of `similar` may differ a little.
 */
interface KnownSeries {
  same: ShowHit[]
  similar: ShowHit[]
}

/** Searches the names of the series in the catalogue, in all countries. Typos and accents do not matter. */
export const searchCatalogue = async ({ deps }: ChatContext, query: string): Promise<KnownSeries> => {
  const { name, year } = wantedSeries(query)
  const found = showIdOf(query) === null ? await deps.seriesNames.similarTo(comparableName(name), mostHits) : []
  if (found.length === 0) return { same: [], similar: [] }
  const shows = (await queryCatalogue(deps, catalogue => catalogue.shows(found.map(({ showId }) => showId))))?.found
  const byId = new Map(shows?.map(show => [show._id, show]))
  const hits = found.flatMap(({ showId, likeness }) => {
    const show = byId.get(showId)
    return show === undefined || show.gone === true ? [] : [{ ...hitOf(show), isSame: likeness === 1 }]
  })
  const withoutMark = ({ isSame: _, ...hit }: (typeof hits)[number]): ShowHit => hit
  return {
    same: hits.filter(hit => hit.isSame && fitsYear(year)(hit)).map(withoutMark),
    similar: byYear(hits, year).map(withoutMark),
  }
}

/** A show of the catalogue as a hit of a search. */
export const hitOf = ({ _id, name, names, url, image, channel, country = null, premiered, status }: Show): ShowHit => ({
  id: _id,
  name,
  url,
  image,
  channel,
  country,
  premiered,
  status,
  summary: null,
  ...(names.pt === null ? {} : { namePt: names.pt }),
})
