import type { MissingShow } from '#database/series/missing-shows.ts'
import type { Freshness } from '#database/series/show.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/**
 * The period of TVmaze's list of updated shows: the shortest that contains all edits since `seen`. Undefined if every
 * period is too short; TVmaze then lists all shows.
 */
export const updatesSince = (seen: Date, now: Date): 'day' | 'week' | 'month' | undefined => {
  const age = now.getTime() - seen.getTime()
  if (age < 20 * hourMs) return 'day'
  if (age < 6 * dayMs) return 'week'
  return age < 28 * dayMs ? 'month' : undefined
}

/**
 * A show to fetch, and why: it is not in the catalogue, TVmaze edited it, TVmaze answered 404 last time, or its last
 * fetch is long ago.
 */
export interface ShowToFetch {
  id: number
  why: 'not in the catalogue' | 'edited' | 'gone?' | 'old'
}

const order: Record<ShowToFetch['why'], number> = { 'not in the catalogue': 0, edited: 1, 'gone?': 2, old: 3 }

/**
 * The followed shows to fetch, the most urgent first. `updates`: when TVmaze last edited each show, null if TVmaze did
 * not answer. `missing`: the shows for which TVmaze answered 404.
 */
export const showsToFetch = (
  followed: readonly number[],
  known: readonly Freshness[],
  updates: ReadonlyMap<number, number> | null,
  now: Date,
  missing: readonly MissingShow[] = [],
): ShowToFetch[] => {
  // A show that is gone and not in the catalogue is requested once a month, because TVmaze may list it again.
  const gone = new Set(
    missing
      .filter(({ goneAt }) => goneAt !== null && now.getTime() - goneAt.getTime() < 30 * dayMs)
      .map(({ showId }) => showId),
  )
  const byId = new Map(known.map(show => [show._id, show]))
  return followed
    .flatMap((id): ShowToFetch[] => {
      const show = byId.get(id)
      if (show === undefined) return gone.has(id) ? [] : [{ id, why: 'not in the catalogue' }]
      if ((updates?.get(id) ?? 0) > show.updated) return [{ id, why: 'edited' }]
      if (show.missingSince !== undefined && show.gone !== true) return [{ id, why: 'gone?' }]
      const age = now.getTime() - Date.parse(show.fetchedAt)
      return age > (show.status === 'Ended' ? 30 : 7) * dayMs ? [{ id, why: 'old' }] : []
    })
    .sort((one, other) => order[one.why] - order[other.why])
}
