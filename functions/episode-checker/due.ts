import type { Announcement } from '#database/announcements.ts'
import type { Episode, Show } from '#database/catalogue.ts'
import { instantOf } from '../when.ts'

/** What aired this long ago is still announced on its own; what is older is folded into one message. */
export const GRACE_MS = 36 * 60 * 60_000

/** The hour at which a date without an hour is announced, by the clock of the chat's zone. */
export const DATE_CLOCK = '09:00'

/** Episodes of one show to announce with one event. */
export interface Due {
  show: Show
  episodes: Episode[]
  /** When they were due: the airstamp, or nine o'clock in `zone` on the airdate. Who followed later is not meant. */
  at: Date
  /** '' for everybody. */
  zone: string
  /** What tells this event from others of the show: the instant, or the date and zone. */
  slot: string
}

/** A span of time that the checker looks at: what is due in (from, to]. */
export interface Span {
  from: Date
  to: Date
}

/** `s2e5`, or `special/123` where there is no number. */
export const episodeKey = ({ season, number, id }: Episode): string =>
  number === null ? `special/${id}` : `s${season}e${number}`

/**
 * The zones in which an episode was announced already ('' is everywhere). It is the same episode if its id is the same, or
 * if it has the number of one that the show no longer has: TVMaze renumbers, and deletes and re-creates.
 */
export const announcedZones = (show: Show, episode: Episode, known: readonly Announcement[]): Set<string> => {
  const ids = new Set(show.episodes.map(({ id }) => id))
  const key = episodeKey(episode)
  return new Set(
    known
      .filter(each => each.showId === show._id)
      .filter(each => each.episodeId === episode.id || (each.episode === key && !ids.has(each.episodeId)))
      .map(({ zone }) => zone),
  )
}

// An event's id is printable ASCII, whatever a table holds.
const inId = (zone: string) => zone.replace(/[^\w+-]/g, '-')

// Trailers and the like; nobody follows a series for these.
const worthTelling = ({ type }: Episode) => type !== 'insignificant_special'

/**
 * What of these shows is due in the span and was not announced, an event for each show, instant and (where the hour is not known,
 * or some zones know already) zone. `zones` are those of the show's followers.
 */
export const dueIn = (
  span: Span,
  shows: readonly { show: Show; episodes: readonly Episode[]; zones: readonly string[] }[],
  known: readonly Announcement[],
): Due[] => {
  const fits = (at: Date) => at > span.from && at <= span.to
  const due = new Map<string, Due>()
  const add = (show: Show, episode: Episode, at: Date, zone: string, slot: string) => {
    const key = `${show._id} ${slot} ${zone}`
    const group = due.get(key) ?? { show, episodes: [], at, zone, slot }
    group.episodes.push(episode)
    due.set(key, group)
  }

  for (const { show, episodes, zones } of shows) {
    for (const episode of episodes.filter(worthTelling)) {
      const told = announcedZones(show, episode, known)
      if (told.has('')) continue
      const { airstamp, airdate } = episode
      if (airstamp === null) {
        for (const zone of zones.filter(zone => !told.has(zone))) {
          const at = instantOf(airdate, DATE_CLOCK, zone)
          if (fits(at)) add(show, episode, at, zone, `${airdate}/${inId(zone)}`)
        }
      } else if (fits(new Date(airstamp))) {
        // Its date was announced in some zones this morning, and now the hour is known: those have heard.
        const rest = told.size === 0 ? [''] : zones.filter(zone => !told.has(zone))
        for (const zone of rest) {
          add(show, episode, new Date(airstamp), zone, zone === '' ? airstamp : `${airstamp}/${inId(zone)}`)
        }
      }
    }
  }
  return [...due.values()].map(each => ({ ...each, episodes: each.episodes.toSorted(inOrder) }))
}

const inOrder = (one: Episode, other: Episode) =>
  one.season - other.season || (one.number ?? Infinity) - (other.number ?? Infinity) || one.id - other.id
