import type { CalendarEntry } from '#database/series/episode-calendars.ts'
import type { NoticeSetting } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { isWanted } from '#functions/notices/wanted.ts'
import { episodeKey } from '#functions/series/episode-identity.ts'

/** A followed series, and which of its episodes the chat wants. */
export interface FollowedShow {
  show: Show
  setting: NoticeSetting
}

const dayMs = 86_400_000
/** For how long an episode stays in the calendar after it came out, and a cancelled one after its cancellation. */
const keptDays = { out: 90, cancelled: 30 }
const dayBefore = (now: Date, days: number) => new Date(now.getTime() - days * dayMs).toISOString().slice(0, 10)

/**
 * The entries of a followed series, from those that its calendar had when it was read last (`known`). An entry keeps
 * its uid if TVmaze moves or renumbers the episode, or deletes it and creates it anew. An episode that loses its date,
 * or that TVmaze removes before it comes out, stays as cancelled.
 */
export const entriesOf = (
  { show, setting }: FollowedShow,
  known: readonly CalendarEntry[],
  now: Date,
): CalendarEntry[] => {
  const oldest = dayBefore(now, keptDays.out)
  // TVmaze has removed the whole series, and the catalogue keeps what it had.
  const episodes = show.gone ? [] : show.episodes
  const knownOf = matching(episodes, known)
  const planned = episodes.flatMap(episode => {
    const isShown = episode.airdate >= oldest && episode.airdate !== '' && isWanted(show, episode, setting)
    return isShown ? [changed(knownOf.get(episode) ?? null, entryOf(show, episode), now)] : []
  })
  const episodeOf = new Map([...knownOf].map(([episode, entry]) => [entry, episode]))
  const cancelled = known.flatMap(entry => {
    const episode = episodeOf.get(entry)
    // Not cancelled: it is among the planned ones, too old, or no longer wanted by the chat.
    if (episode !== undefined && episode.airdate !== '') return []
    if (entry.state === 'planned' && isOut(entry, now)) return []
    const next = changed(entry, { ...entry, state: episode === undefined ? 'removed' : 'undated' }, now)
    return Date.parse(next.changedAt) > now.getTime() - keptDays.cancelled * dayMs ? [next] : []
  })
  return [...planned, ...cancelled]
}

/** The entry of each episode: the one with its id, else the one of an episode that is gone and had the same number. */
const matching = (episodes: readonly Episode[], known: readonly CalendarEntry[]): Map<Episode, CalendarEntry> => {
  const byId = new Map(known.map(entry => [entry.episodeId, entry]))
  const ids = new Set(episodes.map(({ id }) => id))
  const gone = new Map(known.filter(({ episodeId }) => !ids.has(episodeId)).map(entry => [keyOf(entry), entry]))
  const found = new Map<Episode, CalendarEntry>()
  for (const episode of episodes) {
    const key = episodeKey(episode)
    const entry = byId.get(episode.id) ?? gone.get(key)
    if (entry === undefined) continue
    gone.delete(key)
    found.set(episode, entry)
  }
  return found
}

const keyOf = ({ episodeId, name, season, number, date, at }: CalendarEntry) =>
  episodeKey({ id: episodeId, name, season, number, type: 'regular', airdate: date, airstamp: at })

const entryOf = (show: Show, episode: Episode): Omit<CalendarEntry, 'sequence' | 'changedAt'> => ({
  uid: `episode-${episode.id}@vigia`,
  show: { id: show._id, name: show.name, namePt: show.names.pt, url: show.url },
  episodeId: episode.id,
  name: episode.name,
  season: episode.season,
  number: episode.number,
  date: episode.airdate,
  at: episode.airstamp,
  minutes: episode.runtime ?? show.runtime ?? null,
  state: 'planned',
})

/** A day is over everywhere twelve hours after it is over in UTC. */
const dayEverywhereMs = 1.5 * dayMs

const isOut = ({ at, date }: CalendarEntry, now: Date) =>
  (at === null ? Date.parse(`${date}T00:00:00Z`) + dayEverywhereMs : Date.parse(at)) < now.getTime()

/** What an entry says, without its history. Another id of the same episode changes nothing that it says. */
const content = ({
  show,
  name,
  season,
  number,
  date,
  at,
  minutes,
  state,
}: Omit<CalendarEntry, 'sequence' | 'changedAt'>) =>
  JSON.stringify([show.name, show.namePt, show.url, name, season, number, date, at, minutes, state])

/** The entry `next` with the uid and the history of `known`. */
const changed = (
  known: CalendarEntry | null,
  next: Omit<CalendarEntry, 'sequence' | 'changedAt'>,
  now: Date,
): CalendarEntry => {
  if (known === null) return { ...next, sequence: 0, changedAt: now.toISOString() }
  const { uid, sequence, changedAt } = known
  return content(known) === content(next)
    ? { ...next, uid, sequence, changedAt }
    : { ...next, uid, sequence: sequence + 1, changedAt: now.toISOString() }
}

/** The largest calendar. Of a chat with more episodes, it has the first ones. */
const mostEntries = 5_000

/** The entries of a whole calendar, in its order. */
export const inOrder = (entries: readonly CalendarEntry[]): CalendarEntry[] =>
  entries
    .toSorted((one, other) => one.date.localeCompare(other.date) || one.uid.localeCompare(other.uid))
    .slice(0, mostEntries)
