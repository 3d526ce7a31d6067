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

/** When an episode airs: an instant, a day whose hour nobody knows, or not announced at all. */
export type Airing = { at: Date } | { on: string } | 'unannounced'

export interface NewEpisode {
  airs: Airing
  season?: number
  /** null for a special. */
  number?: number | null
  name?: string
}

export interface NewShow extends Partial<Omit<ShowRow, 'episodes'>> {
  name: string
  /** Shorthand for a network in a country; `streamer` for a global service without airtimes. */
  on?: { us: string } | { br: string } | { streamer: string }
  episodes?: NewEpisode[]
}

/** The shows there are, and everything that a moderator of TVMaze may do to them; every edit marks the show as updated. */
export interface Store {
  shows(): ShowRow[]
  show(id: number): ShowRow | undefined
  addShow(show: NewShow): ShowRow
  editShow(id: number, news: Partial<Omit<ShowRow, 'id' | 'episodes'>>): void
  deleteShow(id: number): void
  /** The one show turns out to be the other: its id is gone, its external ids lead to the other. */
  mergeShow(id: number, into: number): void
  /** From now on the id answers 301 to the other one, whether or not there are such shows. */
  redirectShow(id: number, into: number): void
  redirectOf(id: number): number | undefined
  addEpisode(showId: number, episode: NewEpisode): EpisodeRow
  deleteEpisode(episodeId: number): void
  setAirdate(episodeId: number, airs: Airing): void
  renumber(episodeId: number, season: number, number: number): void
  makeSpecial(episodeId: number): void
}

/** `living`: dates follow the clock, and the bulletin airs every few minutes. Else the cast as of `today`. */
export const createStore = (clock: Clock, today: Temporal.PlainDate, living: boolean): Store => {
  const rows = new Map(inventedShows(today).map(show => [show.id, show]))
  const redirects = new Map<number, number>()
  let nextShowId = 910_000
  let nextEpisodeId = 120_000_000
  let nextChannelId = 9_500

  const show = (id: number): ShowRow | undefined =>
    living && id === fiveMinuteShowId ? fiveMinuteShow(clock()) : rows.get(id)
  const existing = (id: number): ShowRow => {
    const found = rows.get(id)
    if (found === undefined) throw new Error(`the TVMaze simulator has no show ${id} that can be edited`)
    return found
  }
  const owner = (episodeId: number) => {
    for (const row of rows.values()) {
      const episode = row.episodes.find(({ id }) => id === episodeId)
      if (episode !== undefined) return { row, episode }
    }
    throw new Error(`the TVMaze simulator has no episode ${episodeId}`)
  }
  const touch = (row: ShowRow) => {
    // Later than before even when the clock stands still: an edit is always news.
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
    shows: () => [...rows.values(), ...(living ? [fiveMinuteShow(clock())] : [])],
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
    editShow: (id, news) => {
      const row = existing(id)
      Object.assign(row, news)
      touch(row)
    },
    deleteShow: id => void rows.delete(existing(id).id),
    mergeShow: (id, into) => {
      const { externals } = existing(id)
      const target = existing(into)
      rows.delete(id)
      target.externals = { ...externals }
      touch(target)
    },
    redirectShow: (id, into) => {
      rows.delete(id)
      redirects.set(id, into)
    },
    redirectOf: id => redirects.get(id),
    addEpisode: (showId, episode) => {
      const row = existing(showId)
      touch(row)
      return insert(row, episode)
    },
    deleteEpisode: episodeId => {
      const { row } = owner(episodeId)
      row.episodes = row.episodes.filter(({ id }) => id !== episodeId)
      touch(row)
    },
    setAirdate: (episodeId, airs) => {
      const { row, episode } = owner(episodeId)
      Object.assign(episode, airFieldsOf(airs, zoneOf(row)))
      row.episodes.sort(byDate)
      touch(row)
    },
    renumber: (episodeId, season, number) => {
      const { row, episode } = owner(episodeId)
      Object.assign(episode, { season, number, type: 'regular' })
      touch(row)
    },
    makeSpecial: episodeId => {
      const { row, episode } = owner(episodeId)
      Object.assign(episode, { number: null, type: 'significant_special' })
      touch(row)
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

// Undated ones last, as TVMaze lists them.
const byDate = (a: EpisodeRow, b: EpisodeRow) =>
  (a.airdate || '9999').localeCompare(b.airdate || '9999') ||
  (a.airstamp ?? '').localeCompare(b.airstamp ?? '') ||
  a.id - b.id
