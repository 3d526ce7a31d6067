import type { MissingShow } from '#database/series/missing-shows.ts'
import type { Freshness } from '#database/series/show.ts'

const HOUR_MS = 60 * 60_000
const DAY_MS = 24 * HOUR_MS

/** Which list of TVMaze's edits surely holds everything since we last saw one whole; undefined is the list of all shows. */
export const updatesSince = (seen: Date, now: Date): 'day' | 'week' | 'month' | undefined => {
  const age = now.getTime() - seen.getTime()
  if (age < 20 * HOUR_MS) return 'day'
  if (age < 6 * DAY_MS) return 'week'
  return age < 28 * DAY_MS ? 'month' : undefined
}

/** Why a show should be fetched: nobody has it yet, TVMaze edited it, TVMaze said that it is gone, or it was not looked at for long. */
export interface Wanted {
  id: number
  why: 'missing' | 'edited' | 'gone?' | 'old'
}

const order: Record<Wanted['why'], number> = { missing: 0, edited: 1, 'gone?': 2, old: 3 }

/** The followed shows to fetch, the most urgent first. `updates` is null when TVMaze did not tell; `missing` are those it answered 404 for. */
export const wanted = (
  followed: readonly number[],
  known: readonly Freshness[],
  updates: ReadonlyMap<number, number> | null,
  now: Date,
  missing: readonly MissingShow[] = [],
): Wanted[] => {
  // Looked for once a month: TVMaze may list it again.
  const lost = new Set(
    missing
      .filter(({ goneAt }) => goneAt !== null && now.getTime() - goneAt.getTime() < 30 * DAY_MS)
      .map(({ showId }) => showId),
  )
  const byId = new Map(known.map(show => [show._id, show]))
  return followed
    .flatMap((id): Wanted[] => {
      const show = byId.get(id)
      if (show === undefined) return lost.has(id) ? [] : [{ id, why: 'missing' }]
      if ((updates?.get(id) ?? 0) > show.updated) return [{ id, why: 'edited' }]
      if (show.missingSince !== undefined && show.gone !== true) return [{ id, why: 'gone?' }]
      const age = now.getTime() - Date.parse(show.fetchedAt)
      return age > (show.status === 'Ended' ? 30 : 7) * DAY_MS ? [{ id, why: 'old' }] : []
    })
    .sort((one, other) => order[one.why] - order[other.why])
}
