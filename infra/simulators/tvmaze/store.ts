import type { Clock } from '#functions/host/clock.ts'
import { fiveMinuteShow, fiveMinuteShowId } from './five-minute-show.ts'
import { inventedShows } from './invented-shows.ts'
import {
  type Channel,
  countries,
  type EpisodeRow,
  formatAirstamp,
  localAt,
  placeholderAirstamp,
  type ShowRow,
  zoneOf,
} from './rows.ts'

/** When an episode airs: an instant, a date without a time, or not announced. */
export type Airing = { at: Date } | { on: string } | 'unannounced'

export interface NewEpisode {
  airs: Airing
  season?: number
  /** null makes it a special. */
  number?: number | null
  name?: string
}

export interface NewShow extends Partial<Omit<ShowRow, 'episodes'>> {
  name: string
  /**
   * The name of the network, by country; `streamer` is the name of a global streaming service, whose episodes have no
   * airtime.
   */
  on?: { us: string } | { br: string } | { streamer: string }
  episodes?: NewEpisode[]
}

/** The shows, and the edits that TVmaze's moderators make. Every edit changes the show's `updated`. */
export interface Store {
  shows(): ShowRow[]
  show(id: number): ShowRow | undefined
  addShow(show: NewShow): ShowRow
  editShow(id: number, changes: Partial<Omit<ShowRow, 'id' | 'episodes'>>): void
  deleteShow(id: number): void
  /**
   * Merges a duplicate into another show: the duplicate's id no longer exists, and a lookup by its external ids returns
   * the other show.
   */
  mergeShow(id: number, into: number): void
  /** Makes requests for `id` get a 301 to `into`; neither show needs to exist. */
  redirectShow(id: number, into: number): void
  redirectOf(id: number): number | undefined
  addEpisode(showId: number, episode: NewEpisode): EpisodeRow
  deleteEpisode(episodeId: number): void
  setAirdate(episodeId: number, airs: Airing): void
  renumber(episodeId: number, season: number, number: number): void
  makeSpecial(episodeId: number): void
}

/**
 * Creates the store. The dates of the invented shows are relative to `today`. With `followsClock` the five-minute show
 * exists too.
 */
export const createStore = (clock: Clock, today: Temporal.PlainDate, followsClock: boolean): Store => {
  const rows = new Map(inventedShows(today).map(show => [show.id, show]))
  const redirects = new Map<number, number>()
  let nextShowId = 910_000
  let nextEpisodeId = 120_000_000
  let nextChannelId = 9_500

  const show = (id: number): ShowRow | undefined =>
    followsClock && id === fiveMinuteShowId ? fiveMinuteShow(clock()) : rows.get(id)
  const existing = (id: number): ShowRow => {
    const found = rows.get(id)
    if (found === undefined) throw new Error(`the TVmaze simulator has no show with the id ${id} that can be edited`)
    return found
  }
  const find = (episodeId: number) => {
    for (const row of rows.values()) {
      const episode = row.episodes.find(({ id }) => id === episodeId)
      if (episode !== undefined) return { row, episode }
    }
    throw new Error(`the TVmaze simulator has no episode with the id ${episodeId}`)
  }
  const markUpdated = (row: ShowRow) => {
    // `updated` becomes greater than before, even if the clock stands still, because clients look for a change of
    // `updated`.
    row.updated = Math.max(row.updated + 1, Math.floor(clock().getTime() / 1000))
  }
  const insert = (row: ShowRow, { airs, season, number, name }: NewEpisode): EpisodeRow => {
    const last = row.episodes.findLast(episode => episode.number !== null)
    const episode: EpisodeRow = {
      id: nextEpisodeId++,
      name: name ?? `Episode ${row.episodes.length + 1}`,
      season: season ?? last?.season ?? 1,
      number:
        number === undefined ? (season === undefined || season === last?.season ? (last?.number ?? 0) + 1 : 1) : number,
      type: number === null ? 'significant_special' : 'regular',
      ...airFieldsOf(airs, zoneOf(row)),
      runtime: row.runtime,
      summary: null,
    }
    row.episodes.push(episode)
    row.episodes.sort(byDate)
    return episode
  }

  return {
    shows: () => [...rows.values(), ...(followsClock ? [fiveMinuteShow(clock())] : [])],
    show,
    addShow: ({ on, episodes = [], ...given }) => {
      const id = given.id ?? nextShowId++
      const row: ShowRow = {
        id,
        type: 'Scripted',
        language: 'English',
        genres: [],
        status: 'Running',
        runtime: 45,
        premiered: null,
        ended: null,
        schedule: { time: '', days: [] },
        ...channelFieldsOf(on, () => nextChannelId++),
        externals: { tvrage: null, thetvdb: 5_100_000 + id, imdb: `tt8${id}` },
        hasImage: true,
        summary: null,
        weight: 40,
        updated: Math.floor(clock().getTime() / 1000),
        akas: [],
        ...given,
        episodes: [],
      }
      for (const episode of episodes) insert(row, episode)
      row.premiered ??= row.episodes[0]?.airdate || null
      rows.set(id, row)
      return row
    },
    editShow: (id, changes) => {
      const row = existing(id)
      Object.assign(row, changes)
      markUpdated(row)
    },
    deleteShow: id => void rows.delete(existing(id).id),
    mergeShow: (id, into) => {
      const { externals } = existing(id)
      const target = existing(into)
      rows.delete(id)
      target.externals = { ...externals }
      markUpdated(target)
    },
    redirectShow: (id, into) => {
      rows.delete(id)
      redirects.set(id, into)
    },
    redirectOf: id => redirects.get(id),
    addEpisode: (showId, episode) => {
      const row = existing(showId)
      markUpdated(row)
      return insert(row, episode)
    },
    deleteEpisode: episodeId => {
      const { row } = find(episodeId)
      row.episodes = row.episodes.filter(({ id }) => id !== episodeId)
      markUpdated(row)
    },
    setAirdate: (episodeId, airs) => {
      const { row, episode } = find(episodeId)
      Object.assign(episode, airFieldsOf(airs, zoneOf(row)))
      row.episodes.sort(byDate)
      markUpdated(row)
    },
    renumber: (episodeId, season, number) => {
      const { row, episode } = find(episodeId)
      Object.assign(episode, { season, number, type: 'regular' })
      markUpdated(row)
    },
    makeSpecial: episodeId => {
      const { row, episode } = find(episodeId)
      Object.assign(episode, { number: null, type: 'significant_special' })
      markUpdated(row)
    },
  }
}

const airFieldsOf = (airs: Airing, zone: string): Pick<EpisodeRow, 'airdate' | 'airtime' | 'airstamp'> => {
  if (airs === 'unannounced') return { airdate: '', airtime: '', airstamp: null }
  if ('on' in airs) return { airdate: airs.on, airtime: '', airstamp: placeholderAirstamp(airs.on) }
  return { ...localAt(airs.at, zone), airstamp: formatAirstamp(airs.at) }
}

const channelFieldsOf = (on: NewShow['on'], nextId: () => number): Pick<ShowRow, 'network' | 'webChannel'> => {
  const channel = (name: string, country: Channel['country']): Channel => ({
    id: nextId(),
    name,
    country,
    officialSite: null,
  })
  if (on === undefined) return { network: channel('Meridian', countries.us), webChannel: null }
  if ('streamer' in on) return { network: null, webChannel: channel(on.streamer, null) }
  return { network: 'us' in on ? channel(on.us, countries.us) : channel(on.br, countries.br), webChannel: null }
}

// Episodes without a date come last, like on TVmaze.
const byDate = (a: EpisodeRow, b: EpisodeRow) =>
  (a.airdate || '9999').localeCompare(b.airdate || '9999') ||
  (a.airstamp ?? '').localeCompare(b.airstamp ?? '') ||
  a.id - b.id
