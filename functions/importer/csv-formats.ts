import { csvSink, type TextSink } from './csv.ts'
import type { SeriesCollector, SeriesRow } from './series-collector.ts'
import { flag, imdbId, theTvdbId, watchedEpisode, yearOf } from './values.ts'

/** The value of a column in a row; undefined if the file has no such column or the cell is empty. */
type Cells = (column: string) => string | undefined
type RowReader = (cells: Cells) => SeriesRow | null

/**
 * TV Time's current tracking file. `key` says what a row is. TV Time leaves out the columns of episodes if there is no
 * history, so only `key` is certain.
 */
const tvTimeRecords: RowReader = cells => {
  const key = cells('key') ?? ''
  const series = { title: cells('series_name'), thetvdb: theTvdbId(cells('s_id')) }
  if (key.startsWith('user-series-'))
    return { ...series, followed: flag(cells('is_followed')), archived: flag(cells('is_archived')) }
  if (!/^(?:re)?watch-episode-/.test(key)) return null
  const watched = watchedEpisode(
    cells('season_number') ?? cells('s_no'),
    cells('episode_number') ?? cells('ep_no'),
    cells('created_at'),
  )
  return watched ? { ...series, watched } : null
}

/** TV Time's earlier tracking file. It also has films. */
const tvTimeEarlierRecords: RowReader = cells => {
  const title = cells('series_name')
  if (title === undefined) return null
  const series = { title, thetvdb: theTvdbId(cells('series_id')) }
  const watched = watchedEpisode(
    cells('season_number'),
    cells('episode_number'),
    cells('watch_date') ?? cells('created_at'),
  )
  if (!/^(?:re)?watch$/.test(cells('type') ?? '')) return series
  return watched ? { ...series, watched } : null
}

/** TV Time's list of followed series, and its data of each series. */
const tvTimeShows: RowReader = cells => ({
  title: cells('tv_show_name'),
  thetvdb: theTvdbId(cells('tv_show_id')),
  followed: flag(cells('active') ?? cells('is_followed')),
  archived: flag(cells('archived') ?? cells('is_archived')),
})

/** TV Time's list of watched episodes in exports before 2024. */
const tvTimeSeenEpisodes: RowReader = cells => {
  const watched = watchedEpisode(cells('episode_season_number'), cells('episode_number'), cells('created_at'))
  return watched ? { title: cells('tv_show_name'), thetvdb: theTvdbId(cells('tv_show_id')), watched } : null
}

/** A list of IMDb. It may contain films and single episodes. */
const imdbList: RowReader = cells => {
  const isSeries = /tv\s*(?:mini\s*)?series/i.test(cells('title type') ?? '')
  return isSeries ? { title: cells('title'), imdb: imdbId(cells('const')), premiered: yearOf(cells('year')) } : null
}

const titleColumns = ['title', 'name', 'show', 'series', 'titulo', 'título', 'nome', 'serie', 'série']

/** Any other table with a column for the name. */
const namedTable =
  (titleColumn: string): RowReader =>
  cells => ({
    title: cells(titleColumn),
    thetvdb: theTvdbId(cells('tvdb') ?? cells('tvdb_id') ?? cells('thetvdb')),
    imdb: imdbId(cells('imdb') ?? cells('imdb_id')),
    premiered: yearOf(cells('year') ?? cells('ano')),
  })

const plainName: RowReader = cells => ({ title: cells('') })

/** The reader for a table with these columns; null for a table without series. */
const readerFor = (columns: ReadonlySet<string>): RowReader | null => {
  const has = (...names: string[]) => names.every(name => columns.has(name))
  if (has('key') && !has('vote_key')) return tvTimeRecords
  if (has('type-uuid-n')) return tvTimeEarlierRecords
  if (has('tv_show_name', 'episode_season_number')) return tvTimeSeenEpisodes
  if (has('tv_show_id', 'notification_offset') || has('tv_show_id', 'archived') || has('tv_show_id', 'is_favorited'))
    return tvTimeShows
  return has('const', 'title type') ? imdbList : null
}

/**
 * Reads a table. `isAlone`: the table is the whole file, so a table with a column for the name, and a plain list of
 * names, are read too. In a ZIP, such tables are about something else.
 */
export const tableSink = (collector: SeriesCollector, isAlone: boolean): TextSink => {
  let reader: RowReader | null | undefined
  let columns = new Map<string, number>()

  const readHeader = (row: string[]) => {
    const names = row.map(name => name.trim().toLowerCase())
    columns = new Map(names.map((name, at) => [name, at]))
    reader = readerFor(new Set(names))
    if (reader !== null || !isAlone) return
    const titleColumn = titleColumns.find(name => columns.has(name))
    if (titleColumn !== undefined) reader = namedTable(titleColumn)
    else {
      // Without a header, each line is a name, and a comma may be a part of it.
      columns = new Map([['', 0]])
      reader = plainName
      readRow(row)
    }
  }
  const readRow = (row: string[]) => {
    if (reader === plainName) row = [row.join(', ')]
    const cells: Cells = column => row[columns.get(column) ?? -1]?.trim() || undefined
    const found = reader!(cells)
    if (found) collector.add(found)
  }

  return csvSink(row => {
    if (reader === undefined) readHeader(row)
    else if (reader !== null) readRow(row)
  })
}
