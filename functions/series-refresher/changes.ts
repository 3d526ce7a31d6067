import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import {
  announcedZones,
  counterpartIn,
  dueAt,
  GRACE_MS,
  isPutOff,
  isWorthTelling,
} from '#functions/series/episode-identity.ts'

/** What is worth telling of a show that was fetched anew. */
export type Change =
  | { change: 'moved'; episode: Episode; before: Episode }
  /** `last` is the last episode that is still to come; null where none is. */
  | { change: 'ended'; last: Episode | null }
  | { change: 'returned' }

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SOON_MS = 30 * DAY_MS
/** What came out longer ago than this is no news any more. */
export const LATE_MS = 7 * DAY_MS
/** So many older episodes in one edit are an import of what came out long ago. */
const BACK_CATALOGUE = 3
/** The episode checker runs every few minutes: what it may have left out, or not seen yet, at the edge of its span. */
const CHECKER_MS = 30 * MINUTE_MS

// Only to compare and sort: a date without an hour counts as its noon.
const roughly = ({ airstamp, airdate }: Episode): number =>
  airstamp !== null
    ? Date.parse(airstamp)
    : airdate === ''
      ? Number.POSITIVE_INFINITY
      : Date.parse(`${airdate}T12:00:00Z`)

const inOrder = (one: Episode, other: Episode) => roughly(one) - roughly(other)

const otherDate = (before: Episode, after: Episode): boolean =>
  before.airstamp !== null && after.airstamp !== null
    ? Math.abs(roughly(before) - roughly(after)) >= 12 * HOUR_MS
    : before.airdate !== after.airdate

/**
 * What differs, as far as followers care: the end, the return, and another date of the episode that was next or that was announced.
 * `known` is what was announced of the show.
 */
export const changes = (before: Show, after: Show, now: Date, known: readonly Announcement[] = []): Change[] => {
  const found: Change[] = []
  const moved = putOff(before, after, now, known) ?? movedNext(before, after, now, known)
  if (moved !== null) found.push(moved)
  if (before.status !== 'Ended' && after.status === 'Ended')
    found.push({ change: 'ended', last: lastToCome(after, now) })
  if (before.status === 'Ended' && ['Running', 'In Development'].includes(after.status))
    found.push({ change: 'returned' })
  return found
}

/** An episode that was announced as out, and is not: the first of them, for the others moved with it. What lost its date gets one here. */
const putOff = (before: Show, after: Show, now: Date, known: readonly Announcement[]): Change | null => {
  const isUndated = ({ airdate }: Episode) => airdate === ''
  const out = before.episodes
    .filter(isWorthTelling)
    .filter(
      episode =>
        isUndated(episode) || (roughly(episode) <= now.getTime() && roughly(episode) > now.getTime() - SOON_MS),
    )
    .filter(episode => announcedZones(before, episode, known).size > 0)
    .sort(inOrder)
  for (const old of out) {
    const episode = counterpartIn(after.episodes, old)
    if (episode === undefined || roughly(episode) <= now.getTime()) continue
    if (isUndated(episode) ? !isUndated(old) : isPutOff(old, episode)) return { change: 'moved', episode, before: old }
  }
  return null
}

const movedNext = (before: Show, after: Show, now: Date, known: readonly Announcement[]): Change | null => {
  const next = before.episodes
    .filter(isWorthTelling)
    .filter(episode => roughly(episode) > now.getTime() && roughly(episode) !== Number.POSITIVE_INFINITY)
    .sort(inOrder)[0]
  if (next === undefined) return null
  const episode = counterpartIn(after.episodes, next)
  if (episode === undefined || !otherDate(next, episode)) return null
  // Dates far ahead are guesses that nobody waits for yet.
  if (Math.min(roughly(next), roughly(episode)) > now.getTime() + SOON_MS) return null
  // Moved into the past it is announced as out, unless it was announced for that date before: then this is the only word of it.
  if (roughly(episode) <= now.getTime() && announcedZones(after, episode, known).size === 0) return null
  return { change: 'moved', episode, before: next }
}

/** A date without an hour is to come until it is over. */
const isToCome = ({ airstamp, airdate }: Episode, now: Date): boolean =>
  airstamp === null ? airdate >= now.toISOString().slice(0, 10) : Date.parse(airstamp) > now.getTime()

/** The last one with a date that is to come; without one, the last that follows what came out and has no date yet. */
const lastToCome = (show: Show, now: Date): Episode | null => {
  const episodes = show.episodes.filter(isWorthTelling)
  const dated = episodes.filter(({ airdate }) => airdate !== '')
  const last = dated
    .filter(episode => isToCome(episode, now))
    .sort(inOrder)
    .at(-1)
  if (last !== undefined) return last
  const numbered = (list: Episode[]) => list.filter(({ number }) => number !== null).sort(byNumber)
  const [latest, undated] = [dated, episodes.filter(({ airdate }) => airdate === '')].map(list => numbered(list).at(-1))
  return undated !== undefined && (latest === undefined || byNumber(latest, undated) < 0) ? undated : null
}

const byNumber = (one: Episode, other: Episode) => one.season - other.season || (one.number ?? 0) - (other.number ?? 0)

/**
 * Episodes of which this edition says for the first time that they came out, and so long ago that the episode checker does not look for
 * them any more. `zones` are those of the followers. An edit that also brings older episodes is a back catalogue, and no news.
 */
export const cameOutUnannounced = (
  before: Show,
  after: Show,
  now: Date,
  known: readonly Announcement[],
  zones: readonly string[],
): Episode[] => {
  const age = (episode: Episode) => {
    const first = Math.min(...zones.map(zone => dueAt(episode, zone)?.getTime() ?? Number.POSITIVE_INFINITY))
    return now.getTime() - first
  }
  const old = new Map(after.episodes.map(episode => [episode, counterpartIn(before.episodes, episode)]))
  const isNew = (episode: Episode) => old.get(episode) === undefined
  const older = after.episodes.filter(episode => isNew(episode) && isWorthTelling(episode) && age(episode) > LATE_MS)
  const isBackCatalogue = older.length >= BACK_CATALOGUE
  return after.episodes
    .filter(isWorthTelling)
    .filter(episode => age(episode) >= GRACE_MS - CHECKER_MS && age(episode) <= LATE_MS)
    .filter(episode => (isNew(episode) ? !isBackCatalogue : roughly(old.get(episode)!) > now.getTime() - CHECKER_MS))
    .filter(episode => announcedZones(after, episode, known).size === 0)
    .sort(inOrder)
}

/** TVMaze has lost a show for good when it answered 404 three times, over at least two days. */
export const isGone = (strikes: number, since: Date, now: Date): boolean =>
  strikes >= 3 && now.getTime() - since.getTime() >= 2 * DAY_MS

/** The show after one more 404. */
export const struck = (show: Show, now: Date): Show => {
  const missingSince = show.missingSince ?? now.toISOString()
  const strikes = (show.strikes ?? 0) + 1
  const gone = isGone(strikes, new Date(missingSince), now)
  return { ...show, missingSince, strikes, fetchedAt: now.toISOString(), ...(gone ? { gone: true } : {}) }
}

/** So many of the shows we looked at have new dates that it is rather TVMaze's mistake than the world's. */
export const suspicious = (moved: number, looked: number): boolean => moved >= 10 && moved > looked * 0.2
