import type { ListedSeries } from '#database/series/imports.ts'
import { folded } from '#functions/wording/fold.ts'
import { RefusedFile } from './refused-file.ts'

/** What one row says about a series. Undefined where the row says nothing. */
export interface SeriesRow {
  title?: string | undefined
  premiered?: number | null | undefined
  thetvdb?: number | null | undefined
  imdb?: string | null | undefined
  followed?: boolean | undefined
  archived?: boolean | undefined
  watched?: { season: number; number: number; at: number | null } | undefined
}

interface Collected {
  title: string
  premiered: number | null
  thetvdb: number | null
  imdb: string | null
  followed: boolean | undefined
  archived: boolean
  watched: Map<string, number | null>
}

/** No person has seen more. It limits the memory that a file can take. */
const maxSeries = 2_000
const maxEpisodes = 50_000
const maxTitleLength = 200

/** `Hunters (2020)` is the title and the year; other brackets belong to the title. */
export const titleAndYear = (text: string): { title: string; premiered: number | null } => {
  const title = text.replaceAll('\0', '').toWellFormed().replace(/\s+/g, ' ').trim().slice(0, maxTitleLength)
  const [, name, year] = /^(.+?)\s*\(((?:19|20)\d\d)\)$/.exec(title) ?? []
  return name === undefined ? { title, premiered: null } : { title: name, premiered: Number(year) }
}

/** Collects the series of a file from rows in any order. Rows of one series are put together by id, else by title. */
export const seriesCollector = () => {
  const all: Collected[] = []
  const byKey = new Map<string, Collected>()
  let episodes = 0

  const entryOf = (row: SeriesRow, title: string, premiered: number | null): Collected | null => {
    const ids = [row.thetvdb ? `thetvdb ${row.thetvdb}` : null, row.imdb ? `imdb ${row.imdb}` : null]
    const name = title === '' ? null : `title ${folded(title)} ${premiered ?? ''}`
    const known = ids.filter(key => key !== null).map(key => byKey.get(key))
    const named = name === null ? undefined : byKey.get(name)
    const isSame = (one: Collected) => !row.thetvdb || one.thetvdb === null || one.thetvdb === row.thetvdb
    const found = known.find(one => one !== undefined) ?? (named !== undefined && isSame(named) ? named : undefined)
    if (found === undefined && title === '') return null
    const entry = found ?? {
      ...{ title, premiered, thetvdb: null, imdb: null, followed: undefined, archived: false },
      watched: new Map(),
    }
    if (found === undefined) all.push(entry)
    if (all.length > maxSeries) throw new RefusedFile('tooManySeries')
    for (const key of [...ids, name]) if (key !== null && !byKey.has(key)) byKey.set(key, entry)
    return entry
  }

  return {
    add: (row: SeriesRow): void => {
      const { title, premiered } = titleAndYear(row.title ?? '')
      const entry = entryOf(row, title, row.premiered ?? premiered)
      if (entry === null) return
      entry.thetvdb ??= row.thetvdb || null
      entry.imdb ??= row.imdb || null
      entry.premiered ??= row.premiered ?? premiered
      if (row.followed !== undefined) entry.followed = entry.followed === true || row.followed
      entry.archived ||= row.archived === true
      if (row.watched === undefined) return
      const { season, number, at } = row.watched
      const key = `${season}:${number}`
      const before = entry.watched.get(key)
      if (before === undefined && ++episodes > maxEpisodes) throw new RefusedFile('tooManyRows')
      // The first time counts: later rows are repeats.
      entry.watched.set(key, before == null ? at : Math.min(before, at ?? before))
    },

    /** The series in the order of the file. */
    series: (): ListedSeries[] =>
      all.map(({ followed, archived, watched, ...one }) => ({
        ...one,
        wanted: !archived && followed !== false,
        watched: [...watched].map(([key, at]) => {
          const [season, number] = key.split(':')
          return [Number(season), Number(number), at] as const
        }),
      })),
  }
}

export type SeriesCollector = ReturnType<typeof seriesCollector>
