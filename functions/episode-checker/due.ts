import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { announcedZones, dueAt, isAnnounceable } from '#functions/series/episode-identity.ts'

/** The episodes of one show that one event announces. */
export interface DueEpisodes {
  show: Show
  episodes: Episode[]
  /**
   * When the episodes were due: the airstamp, or nine o'clock in `zone` on the airdate. Chats that followed the show
   * after this time get no message.
   */
  at: Date
  /** The zone whose chats get the message; '' for all zones. */
  zone: string
  /**
   * The part of the event's id that distinguishes the events of one show: the instant or the date, and the zone unless
   * `zone` is ''.
   */
  slot: string
}

/** A span of time: episodes that are due after `from`, up to and including `to`. */
export interface Span {
  from: Date
  to: Date
}

// The id of an event may contain only printable ASCII. The zone comes from a table, so it may contain any characters.
const asIdPart = (zone: string) => zone.replace(/[^\w+-]/g, '-')

/**
 * The episodes that are due in the span and not announced yet, grouped into one event for each show and instant. Each
 * zone gets a separate event if the hour is not known, or if some zones have the announcement already. `zones` are the
 * zones of the show's followers.
 */
export const dueIn = (
  span: Span,
  shows: readonly { show: Show; episodes: readonly Episode[]; zones: readonly string[] }[],
  announced: readonly Announcement[],
): DueEpisodes[] => {
  const isInSpan = (at: Date) => at > span.from && at <= span.to
  const due = new Map<string, DueEpisodes>()
  const add = (show: Show, episode: Episode, at: Date, zone: string, slot: string) => {
    const key = `${show._id} ${slot} ${zone}`
    const group = due.get(key) ?? { show, episodes: [], at, zone, slot }
    group.episodes.push(episode)
    due.set(key, group)
  }

  for (const { show, episodes, zones } of shows) {
    for (const episode of episodes.filter(isAnnounceable)) {
      const doneZones = announcedZones(show, episode, announced)
      if (doneZones.has('')) continue
      const { airstamp, airdate } = episode
      if (airstamp === null) {
        for (const zone of zones.filter(zone => !doneZones.has(zone))) {
          const at = dueAt(episode, zone)
          if (at !== null && isInSpan(at)) add(show, episode, at, zone, `${airdate}/${asIdPart(zone)}`)
        }
      } else if (isInSpan(new Date(airstamp))) {
        // If the episode's date was announced in some zones this morning, before the hour was known, only the other
        // zones get the announcement.
        const otherZones = doneZones.size === 0 ? [''] : zones.filter(zone => !doneZones.has(zone))
        for (const zone of otherZones) {
          add(show, episode, new Date(airstamp), zone, zone === '' ? airstamp : `${airstamp}/${asIdPart(zone)}`)
        }
      }
    }
  }
  return [...due.values()].map(each => ({ ...each, episodes: each.episodes.toSorted(byNumber) }))
}

const byNumber = (one: Episode, other: Episode) =>
  one.season - other.season || (one.number ?? Infinity) - (other.number ?? Infinity) || one.id - other.id
