import type { MissingShow } from '#database/series/missing-shows.ts'
import type { Freshness } from '#database/series/show.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const fullListIntervalMs = 7 * dayMs
/**
 * A show is fetched once within this time before an episode. The lists of edits may be an hour old, so without this
 * fetch an edit of the last hour would be known only after the episode.
 */
const dueSoonMs = 45 * minuteMs
/** A show that may be gone is requested again after this time. Three 404 answers over two days make it gone. */
const missingIntervalMs = 12 * hourMs
/** A fetch without a reported edit. It is rare, because it only makes up for edits that TVmaze does not report. */
const oldMs = { Ended: 90 * dayMs, other: 30 * dayMs }

/** What a tick remembers about TVmaze's lists for the next ticks. */
export interface ListsSeen {
  /** When TVmaze last answered with the list of all shows. */
  fullListAt?: string
  /** All edits before this time are in the catalogue. */
  completeTo?: string
}

export type ListPeriod = 'day' | 'week' | 'month' | 'all shows'

/**
 * The list to request from TVmaze: the shortest one with all edits that may be missing in the catalogue. Once a week,
 * and at first, it is the list of all shows, because only that list shows that a show was deleted.
 */
export const listToRequest = (seen: ListsSeen, now: Date): ListPeriod => {
  const ageOf = (at: string | undefined) =>
    at === undefined ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(at)
  if (ageOf(seen.fullListAt) >= fullListIntervalMs) return 'all shows'
  const age = ageOf(seen.completeTo)
  if (age < 20 * hourMs) return 'day'
  if (age < 6 * dayMs) return 'week'
  return age < 28 * dayMs ? 'month' : 'all shows'
}

/** What the next ticks have to know after a list. `isComplete`: all edits of the list are in the catalogue. */
export const afterList = (before: ListsSeen, { period }: Edits, isComplete: boolean, now: Date): ListsSeen => ({
  ...before,
  ...(period === 'all shows' ? { fullListAt: now.toISOString() } : {}),
  ...(isComplete ? { completeTo: now.toISOString() } : {}),
})

/** A list of TVmaze: when it last edited each show, in Unix seconds. */
export interface Edits {
  period: ListPeriod
  updates: ReadonlyMap<number, number>
}

/**
 * A show to fetch, and why: an episode comes out soon, the show is not in the catalogue, TVmaze answered 404 or has no
 * such show in the list of all shows, TVmaze edited it, or its last fetch is long ago.
 */
export interface ShowToFetch {
  id: number
  why: 'due soon' | 'not in the catalogue' | 'gone?' | 'edited' | 'old'
}

const order: Record<ShowToFetch['why'], number> = {
  'due soon': 0,
  'not in the catalogue': 1,
  'gone?': 2,
  edited: 3,
  old: 4,
}

/**
 * The followed shows to fetch: the most urgent reason first, and for the same reason the oldest fetch first, so that
 * every show gets its turn if a tick cannot fetch them all. `edits` is null without a new list. `missing`: the shows
 * for which TVmaze answered 404.
 */
export const showsToFetch = (
  followed: readonly number[],
  known: readonly Freshness[],
  edits: Edits | null,
  now: Date,
  missing: readonly MissingShow[] = [],
): ShowToFetch[] => {
  const hopeless = new Set(missing.filter(show => !isWorthARequest(show, now)).map(({ showId }) => showId))
  const byId = new Map(known.map(show => [show._id, show]))
  const isUnlisted = unlistedIn(edits, known)
  const whyFetch = (id: number, show: Freshness | undefined): ShowToFetch['why'] | null => {
    if (show === undefined) return hopeless.has(id) ? null : 'not in the catalogue'
    const age = now.getTime() - Date.parse(show.fetchedAt)
    if (isDueSoon(show, now)) return 'due soon'
    if (show.gone !== true && (show.missingSince !== undefined || isUnlisted(id)))
      return age >= missingIntervalMs ? 'gone?' : null
    if ((edits?.updates.get(id) ?? 0) > show.updated) return 'edited'
    // A document without `airs` is from an earlier version of Vigia.
    const isOld = show.airs === undefined || age > (show.status === 'Ended' ? oldMs.Ended : oldMs.other)
    return isOld ? 'old' : null
  }
  const fetchedMs = (id: number) => Date.parse(byId.get(id)?.fetchedAt ?? '1970-01-01')
  return followed
    .flatMap(id => {
      const why = whyFetch(id, byId.get(id))
      return why === null ? [] : [{ id, why }]
    })
    .sort((one, other) => order[one.why] - order[other.why] || fetchedMs(one.id) - fetchedMs(other.id))
}

/** Whether an episode comes out soon, and the last fetch was too early to know about edits of the last hour. */
const isDueSoon = ({ airs, fetchedAt }: Freshness, now: Date): boolean =>
  airs?.some(at => {
    const lookFrom = Date.parse(at) - dueSoonMs
    return lookFrom <= now.getTime() && now.getTime() < Date.parse(at) && Date.parse(fetchedAt) < lookFrom
  }) ?? false

/**
 * Whether a followed show that is not in the catalogue is requested, although TVmaze answered 404. A show that is gone
 * is requested once a month, because TVmaze may have it again. Before that, the answer counts as final after three
 * requests over two days, so a fourth request within two days has no use.
 */
const isWorthARequest = ({ goneAt, since, notFoundCount }: MissingShow, now: Date): boolean =>
  goneAt === null
    ? notFoundCount < 3 || now.getTime() - since.getTime() >= 2 * dayMs
    : now.getTime() - goneAt.getTime() >= 30 * dayMs

/** A list of all shows that lacks more of the known shows than this is incomplete, and proves nothing. */
const mostUnlisted = { shows: 10, share: 0.05 }

/** Makes a function that says whether a known show is absent from the list of all shows, as a deleted show is. */
const unlistedIn = (edits: Edits | null, known: readonly Freshness[]): ((id: number) => boolean) => {
  if (edits?.period !== 'all shows') return () => false
  const unlisted = new Set(known.map(({ _id }) => _id).filter(id => !edits.updates.has(id)))
  const isIncomplete = unlisted.size > Math.max(mostUnlisted.shows, known.length * mostUnlisted.share)
  return id => !isIncomplete && unlisted.has(id)
}
