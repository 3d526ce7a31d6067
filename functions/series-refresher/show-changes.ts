import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import {
  announcementsOf,
  counterpartIn,
  dueAt,
  graceMs,
  isAnnounceable,
  isPostponed,
} from '#functions/series/episode-identity.ts'

/** A change of a show that its followers get a message about. */
export type ShowChange =
  | { change: 'moved'; episode: Episode; before: Episode }
  /** `last` is the last episode that is still to come; null if there is none. */
  | { change: 'ended'; last: Episode | null }
  | { change: 'cancelled' | 'renewed' | 'returned' }

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** Dates further in the future than this are guesses, and followers get no message about changes of these dates. */
const soonMs = 30 * dayMs
/** Episodes that came out longer ago than this are not announced. */
export const maxLateMs = 7 * dayMs
/** An edit that adds at least this many episodes older than `maxLateMs` is an import of old episodes. */
const backCatalogueSize = 3
/**
 * The episode-checker runs every few minutes and announces episodes that came out within the last `graceMs`. Before its
 * next run, an episode that has just come out is not announced yet, and an episode that is almost `graceMs` old may
 * become too old. This time is longer than the pause between two runs.
 */
const checkerToleranceMs = 30 * minuteMs

// The time of an episode, only for comparing and sorting: a date without an hour counts as noon, and an episode without
// a date is in the far future.
const approximateMs = ({ airstamp, airdate }: Episode): number =>
  airstamp !== null
    ? Date.parse(airstamp)
    : airdate === ''
      ? Number.POSITIVE_INFINITY
      : Date.parse(`${airdate}T12:00:00Z`)

const byTime = (one: Episode, other: Episode) => approximateMs(one) - approximateMs(other)

const hasOtherDate = (before: Episode, after: Episode): boolean =>
  before.airstamp !== null && after.airstamp !== null
    ? Math.abs(approximateMs(before) - approximateMs(after)) >= 12 * hourMs
    : before.airdate !== after.airdate

/**
 * The changes that followers get a message about: the show ends, returns or is renewed, or the next episode or an
 * announced episode has another date. `known`: the announcements of the show so far.
 */
export const showChanges = (
  before: Show,
  after: Show,
  now: Date,
  known: readonly Announcement[] = [],
): ShowChange[] => {
  const found: ShowChange[] = []
  const moved = postponed(before, after, now, known) ?? movedNext(before, after, now, known)
  if (moved !== null) found.push(moved)
  const goesOn = ['Running', 'In Development'].includes(after.status)
  const wasUnknown = before.status === 'To Be Determined'
  if (before.status !== 'Ended' && after.status === 'Ended') {
    const last = lastToCome(after, now)
    found.push(wasUnknown && last === null ? { change: 'cancelled' } : { change: 'ended', last })
  }
  if (before.status === 'Ended' && goesOn) found.push({ change: 'returned' })
  if (wasUnknown && goesOn) found.push({ change: 'renewed' })
  return found
}

/**
 * The first announced episode that now has a later date. The others are left out, because they probably moved with this
 * episode. An announced episode also counts when it loses its date, and again when it gets a new date.
 */
const postponed = (before: Show, after: Show, now: Date, known: readonly Announcement[]): ShowChange | null => {
  const isUndated = ({ airdate }: Episode) => airdate === ''
  const announced = before.episodes
    .filter(isAnnounceable)
    .filter(
      episode =>
        isUndated(episode) ||
        (approximateMs(episode) <= now.getTime() && approximateMs(episode) > now.getTime() - soonMs),
    )
    .filter(episode => announcementsOf(before, episode, known).length > 0)
    .sort(byTime)
  for (const old of announced) {
    const episode = counterpartIn(after.episodes, old)
    if (episode === undefined || approximateMs(episode) <= now.getTime()) continue
    if (isUndated(episode) ? !isUndated(old) : isPostponed(old, episode))
      return { change: 'moved', episode, before: old }
  }
  return null
}

/** The next episode, if it has another date now. */
const movedNext = (before: Show, after: Show, now: Date, known: readonly Announcement[]): ShowChange | null => {
  const next = before.episodes
    .filter(isAnnounceable)
    .filter(episode => approximateMs(episode) > now.getTime() && approximateMs(episode) !== Number.POSITIVE_INFINITY)
    .sort(byTime)[0]
  if (next === undefined) return null
  const episode = counterpartIn(after.episodes, next)
  if (episode === undefined || !hasOtherDate(next, episode)) return null
  // Dates far in the future are guesses. Followers do not wait for them yet.
  if (Math.min(approximateMs(next), approximateMs(episode)) > now.getTime() + soonMs) return null
  // A move into the past is reported only if the episode was announced for that date before. Otherwise the episode is
  // announced now, and followers need no second message.
  if (approximateMs(episode) <= now.getTime() && announcementsOf(after, episode, known).length === 0) return null
  return { change: 'moved', episode, before: next }
}

/** Whether an episode is in the future. A date without an hour is in the future until the day is over. */
const isToCome = ({ airstamp, airdate }: Episode, now: Date): boolean =>
  airstamp === null ? airdate >= now.toISOString().slice(0, 10) : Date.parse(airstamp) > now.getTime()

/**
 * The last future episode with a date. If there is none, the last episode without a date, provided that its number is
 * higher than that of every episode with a date.
 */
const lastToCome = (show: Show, now: Date): Episode | null => {
  const episodes = show.episodes.filter(isAnnounceable)
  const dated = episodes.filter(({ airdate }) => airdate !== '')
  const last = dated
    .filter(episode => isToCome(episode, now))
    .sort(byTime)
    .at(-1)
  if (last !== undefined) return last
  const numbered = (list: Episode[]) => list.filter(({ number }) => number !== null).sort(byNumber)
  const [latest, undated] = [dated, episodes.filter(({ airdate }) => airdate === '')].map(list => numbered(list).at(-1))
  return undated !== undefined && (latest === undefined || byNumber(latest, undated) < 0) ? undated : null
}

const byNumber = (one: Episode, other: Episode) => one.season - other.season || (one.number ?? 0) - (other.number ?? 0)

/**
 * Episodes that this edit adds or moves into the past, and that came out too long ago for the episode-checker. `zones`
 * are the zones of the followers. If the edit also adds several episodes older than `maxLateMs`, it is an import, and
 * the episodes that it adds are not announced.
 */
export const lateEpisodes = (
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
  const older = after.episodes.filter(episode => isNew(episode) && isAnnounceable(episode) && age(episode) > maxLateMs)
  const isBackCatalogue = older.length >= backCatalogueSize
  return after.episodes
    .filter(isAnnounceable)
    .filter(episode => age(episode) >= graceMs - checkerToleranceMs && age(episode) <= maxLateMs)
    .filter(episode =>
      isNew(episode) ? !isBackCatalogue : approximateMs(old.get(episode)!) > now.getTime() - checkerToleranceMs,
    )
    .filter(episode => announcementsOf(after, episode, known).length === 0)
    .sort(byTime)
}

/** A show is gone for good when TVmaze answered 404 three times, over at least two days. */
export const isGone = (notFoundCount: number, since: Date, now: Date): boolean =>
  notFoundCount >= 3 && now.getTime() - since.getTime() >= 2 * dayMs

/** The show after one more 404. */
export const countNotFound = (show: Show, now: Date): Show => {
  const missingSince = show.missingSince ?? now.toISOString()
  const strikes = (show.strikes ?? 0) + 1
  const gone = isGone(strikes, new Date(missingSince), now)
  return { ...show, missingSince, strikes, fetchedAt: now.toISOString(), ...(gone ? { gone: true } : {}) }
}

/** Whether so many of the fetched shows have new dates that TVmaze is probably mistaken. */
export const isSuspicious = (moved: number, fetched: number): boolean => moved >= 10 && moved > fetched * 0.2
