import type { SeriesCollector, SeriesRow } from './series-collector.ts'
import { flag, imdbId, theTvdbId, watchedEpisode, yearOf } from './values.ts'

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const objectsIn = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** What their owners call a series that they gave up. */
const givenUp = new Set(['stopped', 'dropped', 'abandoned', 'archived'])

/**
 * The series in JSON of TV Time Liberator, Trakt, Simkl and SeriesGuide. Their entries differ only in the names of some
 * fields: an entry has the series itself or in `show`, its ids in `id`, in `ids` or in fields of its own, and its
 * episodes by season. A history has one episode in each entry.
 */
export const readJson = (value: unknown, collector: SeriesCollector): void => {
  const lists = isObject(value)
    ? Object.entries(value).flatMap(([name, list]) => (/movie|film/i.test(name) ? [] : [objectsIn(list)]))
    : [objectsIn(value)]
  for (const entry of lists.flat()) readEntry(entry, collector)
}

const readEntry = (entry: Json, collector: SeriesCollector): void => {
  if (entry.movie !== undefined || entry.type === 'movie') return
  const show = isObject(entry.show) ? entry.show : entry
  const ids = isObject(show.ids) ? show.ids : isObject(show.id) ? show.id : {}
  const series: SeriesRow = {
    title: text(show.title) ?? text(show.name),
    thetvdb: theTvdbId(ids.tvdb ?? show.tvdb_id),
    imdb: imdbId(ids.imdb ?? show.imdb_id),
    premiered: yearOf(show.year ?? show.first_aired_year),
  }
  const isSeries = isObject(entry.show) || Array.isArray(entry.seasons) || series.thetvdb !== null
  if (series.title === undefined || !isSeries) return
  collector.add({
    ...series,
    archived: flag(entry.hidden) === true || flag(entry.archived) === true || givenUp.has(String(entry.status)),
  })
  if (isObject(entry.episode)) {
    const { season, number } = entry.episode
    collector.add({ ...series, watched: watchedEpisode(season, number, entry.watched_at) })
  }
  for (const season of objectsIn(entry.seasons))
    for (const episode of objectsIn(season.episodes)) {
      const at = episode.watched_at ?? episode.last_watched_at
      if (!(flag(episode.is_watched ?? episode.watched) ?? (at !== undefined || Number(episode.plays) > 0))) continue
      const number = episode.number ?? episode.episode
      collector.add({ ...series, watched: watchedEpisode(season.number ?? season.season, number, at) })
    }
}
