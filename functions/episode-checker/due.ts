import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { announcedZones, dueAt, isWorthTelling } from '#functions/series/episode-identity.ts'

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

// An event's id is printable ASCII, whatever a table holds.
const inId = (zone: string) => zone.replace(/[^\w+-]/g, '-')

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
    for (const episode of episodes.filter(isWorthTelling)) {
      const told = announcedZones(show, episode, known)
      if (told.has('')) continue
      const { airstamp, airdate } = episode
      if (airstamp === null) {
        for (const zone of zones.filter(zone => !told.has(zone))) {
          const at = dueAt(episode, zone)
          if (at !== null && fits(at)) add(show, episode, at, zone, `${airdate}/${inId(zone)}`)
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
