import { createHash } from 'node:crypto'
import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { instantOf } from '#functions/wording/dates.ts'

/** Episodes that aired at most this long ago are announced one by one. Older episodes are folded into one message. */
export const graceMs = 36 * 60 * 60_000

/** The time of day, in the chat's zone, at which an episode without an hour is announced. */
const announcementTime = '09:00'

/** Whether an episode is announced at all. Trailers and similar specials are not. */
export const isAnnounceable = ({ type }: Pick<Episode, 'type'>): boolean => type !== 'insignificant_special'

/** When an episode is announced in a zone: at its instant, or at nine o'clock on its date. Null if it has no date. */
export const dueAt = ({ airstamp, airdate }: Pick<Episode, 'airstamp' | 'airdate'>, zone: string): Date | null =>
  airstamp !== null ? new Date(airstamp) : airdate === '' ? null : instantOf(airdate, announcementTime, zone)

const comparable = (name: string) =>
  name
    .normalize('NFKD')
    .replace(/[^\p{Letter}\p{Number}]/gu, '')
    .toLowerCase()

// The name is hashed, because the key becomes part of event ids, which may contain only ASCII.
const specialKey = ({ season, airdate, name }: Episode) =>
  `special/s${season}/${airdate}/${createHash('sha256').update(comparable(name)).digest('hex').slice(0, 12)}`

/**
 * The key of an episode: `s2e5`, or season, date and name for a special without a number. The key stays the same if
 * TVmaze gives the episode a new id.
 */
export const episodeKey = (episode: Episode): string =>
  episode.number === null ? specialKey(episode) : `s${episode.season}e${episode.number}`

/**
 * The same episode in another version of the show's list: the entry with its id, else the one with its number, else the
 * special with its season and name.
 */
export const counterpartIn = (episodes: readonly Episode[], episode: Episode): Episode | undefined =>
  episodes.find(({ id }) => id === episode.id) ??
  episodes.find(({ season, number, name }) =>
    number !== null
      ? season === episode.season && number === episode.number
      : episode.number === null &&
        season === episode.season &&
        name !== '' &&
        comparable(name) === comparable(episode.name),
  )

type Dates = Pick<Episode, 'airdate' | 'airstamp'>

const halfDayMs = 12 * 60 * 60_000

/**
 * Whether an episode with the dates `before` was postponed to the later dates `after`. Another hour of the same night
 * does not count.
 */
export const isPostponed = (before: Dates, after: Dates): boolean =>
  after.airdate > before.airdate &&
  (before.airstamp === null ||
    after.airstamp === null ||
    Date.parse(after.airstamp) - Date.parse(before.airstamp) >= halfDayMs)

/** Whether two entries have the same date. If both have an instant, the instants must be the same too. */
const airsAtSameTime = (one: Dates, other: Dates): boolean =>
  one.airdate !== '' &&
  one.airdate === other.airdate &&
  (one.airstamp === null || other.airstamp === null || one.airstamp === other.airstamp)

/** Whether an announcement is about a special with the season and name of `episode`, on any date. */
const isSpecialWithSameName = (key: string, episode: Episode): boolean => {
  const [kind, season, , name] = key.split('/')
  if (kind !== 'special' || episode.number !== null || comparable(episode.name) === '') return false
  const [, itsSeason, , itsName] = specialKey(episode).split('/')
  return season === itsSeason && name === itsName
}

/**
 * Those of `announced` that are about the episode on its date. TVmaze renumbers, deletes and re-creates episodes, so an
 * earlier announcement is about this episode in each of these cases:
 * - It has the id of this episode.
 * - Its id is no longer in the show, and it has the number of this episode (for a special: season, date and name).
 * - Neither its id nor its number is in the show, and it has the date of this episode.
 * - Neither its id nor its number is in the show, and both are specials with the same season and name.
 *
 * An announcement counts only for its date: an episode that was postponed afterwards is announced again.
 */
export const announcementsOf = (show: Show, episode: Episode, announced: readonly Announcement[]): Announcement[] => {
  if (announced.length === 0) return []
  const ids = new Set(show.episodes.map(({ id }) => id))
  const keys = [episodeKey(episode), specialKey(episode)]
  const isFormerEntry = (each: Announcement): boolean =>
    keys.includes(each.episode) ||
    ((airsAtSameTime(each, episode) || isSpecialWithSameName(each.episode, episode)) &&
      !show.episodes.some(other => episodeKey(other) === each.episode))
  return (
    announced
      .filter(each => each.showId === show._id)
      .filter(each => each.episodeId === episode.id || (!ids.has(each.episodeId) && isFormerEntry(each)))
      // An announcement without a date was stored by an older version of Vigia. It counts for every date.
      .filter(each => each.airdate === '' || !isPostponed(each, episode))
  )
}

/** Whether an announcement went to a chat. */
export const wentTo = (announcement: Announcement, chat: { chatId: number; zone: string }): boolean =>
  announcement.chatId === null ? ['', chat.zone].includes(announcement.zone) : announcement.chatId === chat.chatId

/** The record of an announcement that the event `eventId` makes to a chat; null for all chats. */
export const announcementOf = (show: Show, episode: Episode, chatId: number | null, eventId: string): Announcement => ({
  showId: show._id,
  chatId,
  episodeId: episode.id,
  episode: episodeKey(episode),
  zone: '',
  airdate: episode.airdate,
  airstamp: episode.airstamp,
  eventId,
})
