import { createHash } from 'node:crypto'
import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { instantOf } from '#functions/wording/dates.ts'

/** What aired this long ago is still announced on its own; what is older is folded into one message. */
export const GRACE_MS = 36 * 60 * 60_000

/** The hour at which a date without an hour is announced, by the clock of the chat's zone. */
export const DATE_CLOCK = '09:00'

/** Announced to no one: trailers and the like. */
export const isWorthTelling = ({ type }: Pick<Episode, 'type'>): boolean => type !== 'insignificant_special'

/** When an episode is announced in a zone: at its instant, or at nine o'clock on its date; null where it has neither. */
export const dueAt = ({ airstamp, airdate }: Pick<Episode, 'airstamp' | 'airdate'>, zone: string): Date | null =>
  airstamp !== null ? new Date(airstamp) : airdate === '' ? null : instantOf(airdate, DATE_CLOCK, zone)

const folded = (name: string) =>
  name
    .normalize('NFKD')
    .replace(/[^\p{Letter}\p{Number}]/gu, '')
    .toLowerCase()

// Hashed, because the key becomes part of event ids, which are ASCII.
const specialKey = ({ season, airdate, name }: Episode) =>
  `special/s${season}/${airdate}/${createHash('sha256').update(folded(name)).digest('hex').slice(0, 12)}`

/** What an episode is known by when TVMaze gives it a new id: `s2e5`, or season, date and name where there is no number. */
export const episodeKey = (episode: Episode): string =>
  episode.number === null ? specialKey(episode) : `s${episode.season}e${episode.number}`

/**
 * The entry of `episode` in another edition of its show's list: the one with its id, else the one with its number, else the special of
 * its season and name.
 */
export const counterpartIn = (episodes: readonly Episode[], episode: Episode): Episode | undefined =>
  episodes.find(({ id }) => id === episode.id) ??
  episodes.find(({ season, number, name }) =>
    number !== null
      ? season === episode.season && number === episode.number
      : episode.number === null && season === episode.season && name !== '' && folded(name) === folded(episode.name),
  )

type Dates = Pick<Episode, 'airdate' | 'airstamp'>

const HALF_DAY_MS = 12 * 60 * 60_000

/** Whether `after` is another occasion, later than `before`. Another hour of the same night is not. */
export const isPutOff = (before: Dates, after: Dates): boolean =>
  after.airdate > before.airdate &&
  (before.airstamp === null ||
    after.airstamp === null ||
    Date.parse(after.airstamp) - Date.parse(before.airstamp) >= HALF_DAY_MS)

/** Whether two entries are of one occasion: the same date, and the same instant where both have one. */
const isSameOccasion = (one: Dates, other: Dates): boolean =>
  one.airdate !== '' &&
  one.airdate === other.airdate &&
  (one.airstamp === null || other.airstamp === null || one.airstamp === other.airstamp)

/** Whether an announcement was of a special with the season and name of `episode`, on whatever date. */
const isSpecialOfThatName = (key: string, episode: Episode): boolean => {
  const [kind, season, , name] = key.split('/')
  if (kind !== 'special' || episode.number !== null || folded(episode.name) === '') return false
  const [, itsSeason, , itsName] = specialKey(episode).split('/')
  return season === itsSeason && name === itsName
}

/**
 * The zones in which an episode was announced already ('' is everywhere). It is the same episode if its id is the same, or if it has the
 * number (season, date and name of a special) of one that the show no longer has: TVMaze renumbers, and deletes and re-creates. Where
 * neither the id nor the number is in the show any more, the date is enough, and so is the name of a special. An announcement counts for
 * the date it was made for: an episode that was put off since is announced again.
 */
export const announcedZones = (show: Show, episode: Episode, known: readonly Announcement[]): Set<string> => {
  const ids = new Set(show.episodes.map(({ id }) => id))
  const keys = [episodeKey(episode), specialKey(episode)]
  const isItsFormerEntry = (each: Announcement): boolean =>
    keys.includes(each.episode) ||
    ((isSameOccasion(each, episode) || isSpecialOfThatName(each.episode, episode)) &&
      !show.episodes.some(other => episodeKey(other) === each.episode))
  return new Set(
    known
      .filter(each => each.showId === show._id)
      .filter(each => each.episodeId === episode.id || (!ids.has(each.episodeId) && isItsFormerEntry(each)))
      // Without a date it was kept by an older version, or by a test: it counts for every date.
      .filter(each => each.airdate === '' || !isPutOff(each, episode))
      .map(({ zone }) => zone),
  )
}

/** What is kept of an announcement that the event `eventId` makes in `zone` ('' is everywhere). */
export const announcementOf = (show: Show, episode: Episode, zone: string, eventId: string): Announcement => ({
  showId: show._id,
  episodeId: episode.id,
  episode: episodeKey(episode),
  zone,
  airdate: episode.airdate,
  airstamp: episode.airstamp,
  eventId,
})
