import { strToU8, zipSync } from 'fflate'

/** A series of the TV Time user of the tests. */
export interface TvTimeSeries {
  name: string
  thetvdb: number
  archived?: boolean
  /** The watched episodes, counted from S01E01; a season has ten. */
  watched: number
}

const cell = (value: unknown) => {
  const text = String(value ?? '')
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A table as CSV. Rows name only the columns that they fill. */
export const csv = (columns: readonly string[], rows: readonly Record<string, unknown>[], end = '\n'): string =>
  [columns, ...rows.map(row => columns.map(column => cell(row[column])))].map(row => row.join(',')).join(end) + end

const followedColumns =
  'user_id,active,notification_type,notification_offset,tv_show_id,created_at,updated_at,diffusion,folder_id,archived,tv_show_name'
const recordColumns =
  's_id,runtime,series_name,episode_number,user_id,gsi,created_at,key,season_number,s_no,ep_no,ep_id,episode_id,updated_at,is_archived,is_followed,uuid,rewatch_count'
const earlierColumns =
  'user_id,series_id,watch_count,uuid,updated_at,created_at,type-uuid-n,type,series_name,entity_type,movie_name,release_date,runtime,episode_number,episode_id,season_number,watch_date'

const watchedRows = ({ watched }: TvTimeSeries) =>
  Array.from({ length: watched }, (_, at) => ({ season: Math.floor(at / 10) + 1, number: (at % 10) + 1, at }))

const followed = (series: readonly TvTimeSeries[]) =>
  csv(
    followedColumns.split(','),
    series.map(({ name, thetvdb, archived = false }) => ({
      ...{ user_id: 1, active: 1, notification_offset: 1440, tv_show_id: thetvdb, tv_show_name: name },
      ...{ created_at: '2020-08-14 20:13:54', archived: archived ? 1 : 0 },
    })),
  )

/** The current tracking file, with rows that are odd but real: rewatched, without numbers, statistics, a blank date. */
const records = (series: readonly TvTimeSeries[]) =>
  csv(recordColumns.split(','), [
    { key: 'tracking-stats', user_id: 1 },
    ...series.flatMap(one => [
      {
        ...{ key: `user-series-${one.thetvdb}`, s_id: one.thetvdb, series_name: one.name, is_followed: 'true' },
        is_archived: String(one.archived ?? false),
      },
      ...watchedRows(one).map(({ season, number, at }) => ({
        ...{ key: `watch-episode-${one.thetvdb}-${at}`, s_id: one.thetvdb, series_name: one.name },
        ...{ season_number: season, episode_number: number, created_at: at % 50 === 7 ? '' : '2023-11-04 15:30:38' },
      })),
      ...(one.watched === 0
        ? []
        : [{ key: `rewatch-episode-${one.thetvdb}`, s_id: one.thetvdb, season_number: 1, episode_number: 1 }]),
      { key: `watch-episode-odd-${one.thetvdb}`, s_id: one.thetvdb, season_number: '', episode_number: 'x' },
    ]),
  ])

/** The earlier tracking file. It has films too, and the ids of the series are missing in some rows. */
const earlierRecords = (series: readonly TvTimeSeries[]) =>
  csv(earlierColumns.split(','), [
    { 'type-uuid-n': 'watch-a-0', type: 'watch', entity_type: 'movie', movie_name: 'Fury', release_date: '2014-10-15' },
    ...series.flatMap(one => [
      { 'type-uuid-n': 'count-a', type: 'count-watch-episode-series', series_id: one.thetvdb, series_name: one.name },
      ...watchedRows(one).map(({ season, number }) => ({
        ...{ 'type-uuid-n': 'watch-b-0', type: 'watch', entity_type: 'episode', series_name: one.name },
        ...{ season_number: season, episode_number: number, watch_date: '1616481927' },
      })),
    ]),
  ])

/** The ZIP that TV Time sent, with the tracking file of one generation or of both, and with files of no use. */
export const tvTimeZip = (
  series: readonly TvTimeSeries[],
  { generation = 'current' as 'current' | 'earlier' | 'both' } = {},
): Buffer =>
  Buffer.from(
    zipSync({
      'account_info.csv': strToU8('email,created_at\nme@example.com,2020-01-01\n'),
      'followed_tv_show.csv': strToU8(followed(series)),
      ...(generation === 'earlier' ? {} : { 'tracking-prod-records-v2.csv': strToU8(records(series)) }),
      ...(generation === 'current' ? {} : { 'tracking-prod-records.csv': strToU8(earlierRecords(series)) }),
      'ratings-live-votes.csv': strToU8('vote_key,user_id,key\nabc,1,2\n'),
    }),
  )
